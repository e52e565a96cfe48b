"""Where Jupyter lives: magics, cells, text, widgets, the command line.

No other part of the package imports IPython, ipywidgets or jupyter_server.
"""
