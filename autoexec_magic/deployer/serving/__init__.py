"""What stands in front of a service of this machine, and looks after its processes.

One process per service, started with `executor.start_service`, outlives the
kernel: a small reverse proxy with weights (`router`), and what starts the
instances of releases and starts them again (`keeping`). `client.Serving` is the
door of all others; it is the only module here that the rest of the package imports,
with the values of `instance` and `routes`. The process itself imports little, so
that it is there at once.
"""
