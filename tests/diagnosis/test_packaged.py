"""Which package has a header or a library."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import packaged
from autoexec_magic.diagnosis.packaged import header_fix, library_fix, package_of


@pytest.mark.parametrize(
    ("header", "package"),
    [
        ("Python.h", "python3-dev"),
        ("openssl/ssl.h", "libssl-dev"),
        ("zlib.h", "zlib1g-dev"),
        ("libpq-fe.h", "libpq-dev"),
        ("mysql.h", "default-libmysqlclient-dev"),
        ("ffi.h", "libffi-dev"),
        ("jpeglib.h", "libjpeg-dev"),
        ("hdf5.h", "libhdf5-dev"),
        ("libxml/parser.h", "libxml2-dev"),
        ("curl/curl.h", "libcurl4-openssl-dev"),
        ("sqlite3.h", "libsqlite3-dev"),
        ("readline/readline.h", "libreadline-dev"),
        ("boost/shared_ptr.hpp", "libboost-all-dev"),
        ("Eigen/Dense", "libeigen3-dev"),
        ("fftw3.h", "libfftw3-dev"),
        ("ncurses.h", "libncurses-dev"),
        ("GL/gl.h", "libgl1-mesa-dev"),
        ("GL/glut.h", "freeglut3-dev"),
        ("cuda_runtime.h", "nvidia-cuda-toolkit"),
        ("frob/event.h", ""),
        ("mine.h", ""),
        ("../evil/zlib.h", ""),
    ],
)
def test_a_header_has_its_package(header, package):
    """The common ones, by their whole name or by their folder; no guess."""
    fix = header_fix(header)
    assert f"apt-get install {package} (" in fix if package else fix == ""


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("ssl", "libssl-dev"),
        ("libGL.so.1", "libgl1-mesa-dev"),
        ("openblas", "libopenblas-dev"),
        ("boost_system", "libboost-all-dev"),
        ("python3.12", "python3-dev"),
        ("frob", ""),
        ("", ""),
    ],
)
def test_a_library_has_its_package(library, package):
    """As the linker or the loader names it."""
    assert (package in library_fix(library)) if package else library_fix(library) == ""


def test_a_package_of_cmake_has_its_package():
    """CMake has names of its own."""
    assert "libhdf5-dev" in package_of("HDF5")
    assert package_of("Frob") == ""


def test_every_name_leads_to_packages():
    """A row that leads nowhere is a slip."""
    tables = (packaged._HEADERS, packaged._FOLDERS, packaged._EXACT, packaged._LIBRARIES, packaged._CMAKE)
    for table in tables:
        assert set(table.values()) <= set(packaged._PACKAGES)
    assert all(len(packages) == 3 and packages[0] for packages in packaged._PACKAGES.values())
