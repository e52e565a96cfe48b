"""Which package of Debian, conda and Homebrew has a header or a library of C: kept by hand.

The names on the right are ours, so that no text a compiler wrote ever becomes
the name of something to install. Source: Debian 12's package contents; conda
names are conda-forge's.
"""

from __future__ import annotations

from types import MappingProxyType

#: What it is called -> Debian, conda, Homebrew ("" where there is none).
_PACKAGES: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "python": ("python3-dev", "python", "python"),
        "openssl": ("libssl-dev", "openssl", "openssl"),
        "zlib": ("zlib1g-dev", "zlib", "zlib"),
        "postgresql": ("libpq-dev", "libpq", "libpq"),
        "mysql": ("default-libmysqlclient-dev", "mysql-connector-c", "mysql-client"),
        "ffi": ("libffi-dev", "libffi", "libffi"),
        "jpeg": ("libjpeg-dev", "libjpeg-turbo", "jpeg-turbo"),
        "png": ("libpng-dev", "libpng", "libpng"),
        "tiff": ("libtiff-dev", "libtiff", "libtiff"),
        "webp": ("libwebp-dev", "libwebp", "webp"),
        "freetype": ("libfreetype-dev", "freetype", "freetype"),
        "hdf5": ("libhdf5-dev", "hdf5", "hdf5"),
        "netcdf": ("libnetcdf-dev", "libnetcdf", "netcdf"),
        "xml2": ("libxml2-dev", "libxml2", "libxml2"),
        "xslt": ("libxslt1-dev", "libxslt", "libxslt"),
        "curl": ("libcurl4-openssl-dev", "libcurl", "curl"),
        "sqlite": ("libsqlite3-dev", "sqlite", "sqlite"),
        "readline": ("libreadline-dev", "readline", "readline"),
        "boost": ("libboost-all-dev", "boost", "boost"),
        "eigen": ("libeigen3-dev", "eigen", "eigen"),
        "openblas": ("libopenblas-dev", "openblas", "openblas"),
        "lapack": ("liblapack-dev", "liblapack", "lapack"),
        "lapacke": ("liblapacke-dev", "liblapacke", "lapack"),
        "blas": ("libblas-dev", "libblas", "openblas"),
        "fftw": ("libfftw3-dev", "fftw", "fftw"),
        "gsl": ("libgsl-dev", "gsl", "gsl"),
        "ncurses": ("libncurses-dev", "ncurses", "ncurses"),
        "gl": ("libgl1-mesa-dev", "libgl-devel", ""),
        "glu": ("libglu1-mesa-dev", "libglu", ""),
        "glut": ("freeglut3-dev", "freeglut", "freeglut"),
        "x11": ("libx11-dev", "xorg-libx11", "libx11"),
        "xext": ("libxext-dev", "xorg-libxext", "libxext"),
        "cuda": ("nvidia-cuda-toolkit", "cuda-toolkit", ""),
        "bzip2": ("libbz2-dev", "bzip2", "bzip2"),
        "lzma": ("liblzma-dev", "xz", "xz"),
        "zstd": ("libzstd-dev", "zstd", "zstd"),
        "lz4": ("liblz4-dev", "lz4", "lz4"),
        "gmp": ("libgmp-dev", "gmp", "gmp"),
        "mpfr": ("libmpfr-dev", "mpfr", "mpfr"),
        "yaml": ("libyaml-dev", "yaml", "libyaml"),
        "expat": ("libexpat1-dev", "expat", "expat"),
        "glib": ("libglib2.0-dev", "glib", "glib"),
        "cairo": ("libcairo2-dev", "cairo", "cairo"),
        "pango": ("libpango1.0-dev", "pango", "pango"),
        "gtk": ("libgtk-3-dev", "gtk3", "gtk+3"),
        "sdl2": ("libsdl2-dev", "sdl2", "sdl2"),
        "opencv": ("libopencv-dev", "opencv", "opencv"),
        "ffmpeg": ("libavformat-dev libavcodec-dev libavutil-dev libswscale-dev", "ffmpeg", "ffmpeg"),
        "portaudio": ("portaudio19-dev", "portaudio", "portaudio"),
        "sndfile": ("libsndfile1-dev", "libsndfile", "libsndfile"),
        "asound": ("libasound2-dev", "alsa-lib", ""),
        "geos": ("libgeos-dev", "geos", "geos"),
        "proj": ("libproj-dev", "proj", "proj"),
        "gdal": ("libgdal-dev", "libgdal", "gdal"),
        "spatialindex": ("libspatialindex-dev", "libspatialindex", "spatialindex"),
        "ldap": ("libldap-dev", "openldap", "openldap"),
        "sasl": ("libsasl2-dev", "cyrus-sasl", "cyrus-sasl"),
        "krb5": ("libkrb5-dev", "krb5", "krb5"),
        "odbc": ("unixodbc-dev", "unixodbc", "unixodbc"),
        "zmq": ("libzmq3-dev", "zeromq", "zeromq"),
        "protobuf": ("libprotobuf-dev protobuf-compiler", "libprotobuf", "protobuf"),
        "snappy": ("libsnappy-dev", "snappy", "snappy"),
        "leveldb": ("libleveldb-dev", "leveldb", "leveldb"),
        "magic": ("libmagic-dev", "libmagic", "libmagic"),
        "uuid": ("uuid-dev", "libuuid", ""),
        "usb": ("libusb-1.0-0-dev", "libusb", "libusb"),
        "udev": ("libudev-dev", "libudev", ""),
        "event": ("libevent-dev", "libevent", "libevent"),
        "uv": ("libuv1-dev", "libuv", "libuv"),
        "archive": ("libarchive-dev", "libarchive", "libarchive"),
        "git2": ("libgit2-dev", "libgit2", "libgit2"),
        "ssh2": ("libssh2-1-dev", "libssh2", "libssh2"),
        "sodium": ("libsodium-dev", "libsodium", "libsodium"),
        "pcre": ("libpcre3-dev", "pcre", "pcre"),
        "pcre2": ("libpcre2-dev", "pcre2", "pcre2"),
        "tbb": ("libtbb-dev", "tbb-devel", "tbb"),
        "mpi": ("libopenmpi-dev", "openmpi", "open-mpi"),
        "graphviz": ("libgraphviz-dev", "graphviz", "graphviz"),
        "enchant": ("libenchant-2-dev", "enchant", "enchant"),
        "tcl": ("tcl-dev", "tk", "tcl-tk"),
        "tk": ("tk-dev", "tk", "tcl-tk"),
        "gdbm": ("libgdbm-dev", "gdbm", "gdbm"),
        "dbus": ("libdbus-1-dev", "dbus", "dbus"),
        "cups": ("libcups2-dev", "cups", ""),
        "systemd": ("libsystemd-dev", "libsystemd", ""),
        "bluetooth": ("libbluetooth-dev", "", ""),
        "pcap": ("libpcap-dev", "libpcap", "libpcap"),
        "crypt": ("libcrypt-dev", "libxcrypt", ""),
        "qt5": ("qtbase5-dev", "qt", "qt@5"),
        "suitesparse": ("libsuitesparse-dev", "suitesparse", "suite-sparse"),
        "glpk": ("libglpk-dev", "glpk", "glpk"),
        "arpack": ("libarpack2-dev", "arpack", "arpack"),
        "gfortran": ("gfortran", "gfortran", "gcc"),
        "linux": ("linux-libc-dev", "kernel-headers_linux-64", ""),
        "c": ("libc6-dev", "sysroot_linux-64", ""),
        "c++": ("g++", "gxx", "gcc"),
    }
)  # fmt: skip
_HEADERS: MappingProxyType[str, str] = MappingProxyType(
    {
        "Python.h": "python", "pyconfig.h": "python", "zlib.h": "zlib", "libpq-fe.h": "postgresql", "pg_config.h": "postgresql",
        "mysql.h": "mysql", "mysql/mysql.h": "mysql", "ffi.h": "ffi", "jpeglib.h": "jpeg", "png.h": "png", "tiff.h": "tiff",
        "tiffio.h": "tiff", "ft2build.h": "freetype", "hdf5.h": "hdf5", "netcdf.h": "netcdf", "sqlite3.h": "sqlite",
        "fftw3.h": "fftw", "cblas.h": "openblas", "lapacke.h": "lapacke", "curses.h": "ncurses", "ncurses.h": "ncurses",
        "term.h": "ncurses", "cuda_runtime.h": "cuda", "cuda.h": "cuda", "cublas_v2.h": "cuda", "cuda_runtime_api.h": "cuda",
        "bzlib.h": "bzip2", "lzma.h": "lzma", "zstd.h": "zstd", "lz4.h": "lz4", "gmp.h": "gmp", "mpfr.h": "mpfr", "yaml.h": "yaml",
        "expat.h": "expat", "glib.h": "glib", "cairo.h": "cairo", "portaudio.h": "portaudio", "sndfile.h": "sndfile",
        "geos_c.h": "geos", "proj.h": "proj", "proj_api.h": "proj", "gdal.h": "gdal", "ldap.h": "ldap", "lber.h": "ldap",
        "sasl.h": "sasl", "krb5.h": "krb5", "sql.h": "odbc", "sqlext.h": "odbc", "zmq.h": "zmq", "snappy-c.h": "snappy",
        "magic.h": "magic", "libusb.h": "usb", "libudev.h": "udev", "event.h": "event", "uv.h": "uv", "archive.h": "archive",
        "git2.h": "git2", "libssh2.h": "ssh2", "sodium.h": "sodium", "pcre.h": "pcre", "pcre2.h": "pcre2", "mpi.h": "mpi",
        "tcl.h": "tcl", "tk.h": "tk", "gdbm.h": "gdbm", "pcap.h": "pcap", "crypt.h": "crypt", "xlocale.h": "c", "gdbm-ndbm.h": "gdbm",
        "stdio.h": "c", "stdlib.h": "c", "string.h": "c", "iostream": "c++", "vector": "c++", "string": "c++", "umfpack.h": "suitesparse",
        "glpk.h": "glpk", "mkl.h": "openblas",
    }
)  # fmt: skip
_FOLDERS: MappingProxyType[str, str] = MappingProxyType(
    {
        "openssl": "openssl", "boost": "boost", "Eigen": "eigen", "eigen3": "eigen", "libxml": "xml2", "libxml2": "xml2", "libxslt": "xslt",
        "curl": "curl", "readline": "readline", "GL": "gl", "X11": "x11", "freetype": "freetype", "freetype2": "freetype", "webp": "webp",
        "SDL2": "sdl2", "SDL": "sdl2", "opencv2": "opencv", "libavformat": "ffmpeg", "libavcodec": "ffmpeg", "libavutil": "ffmpeg",
        "libswscale": "ffmpeg", "alsa": "asound", "spatialindex": "spatialindex", "google": "protobuf", "leveldb": "leveldb",
        "uuid": "uuid", "libusb-1.0": "usb", "tbb": "tbb", "graphviz": "graphviz", "enchant": "enchant", "dbus": "dbus", "cups": "cups",
        "systemd": "systemd", "bluetooth": "bluetooth", "gsl": "gsl", "linux": "linux", "pango": "pango", "gtk": "gtk", "sasl": "sasl",
        "suitesparse": "suitesparse", "gssapi": "krb5", "event2": "event", "sys": "c", "bits": "c", "glib-2.0": "glib", "cairo": "cairo", "mysql": "mysql",
    }
)  # fmt: skip
_EXACT: MappingProxyType[str, str] = MappingProxyType(
    {
        "GL/glut.h": "glut",
        "GL/freeglut.h": "glut",
        "GL/glu.h": "glu",
        "postgresql/libpq-fe.h": "postgresql",
        "hdf5/serial/hdf5.h": "hdf5",
        "openblas/cblas.h": "openblas",
    }
)
_LIBRARIES: MappingProxyType[str, str] = MappingProxyType(
    {
        "ssl": "openssl", "crypto": "openssl", "z": "zlib", "pq": "postgresql", "mysqlclient": "mysql", "mariadb": "mysql", "ffi": "ffi",
        "jpeg": "jpeg", "png": "png", "png16": "png", "tiff": "tiff", "webp": "webp", "freetype": "freetype", "hdf5": "hdf5", "netcdf": "netcdf",
        "xml2": "xml2", "xslt": "xslt", "curl": "curl", "sqlite3": "sqlite", "readline": "readline", "openblas": "openblas", "lapack": "lapack",
        "lapacke": "lapacke", "blas": "blas", "cblas": "openblas", "fftw3": "fftw", "gsl": "gsl", "ncurses": "ncurses", "tinfo": "ncurses", "curses": "ncurses",
        "GL": "gl", "GLU": "glu", "glut": "glut", "X11": "x11", "Xext": "xext", "cudart": "cuda", "cublas": "cuda", "cuda": "cuda", "nvrtc": "cuda", "bz2": "bzip2", "lzma": "lzma", "zstd": "zstd",
        "lz4": "lz4", "gmp": "gmp", "mpfr": "mpfr", "yaml": "yaml", "expat": "expat", "glib-2.0": "glib", "gobject-2.0": "glib", "gthread-2.0": "glib", "cairo": "cairo", "pango-1.0": "pango",
        "SDL2": "sdl2", "avformat": "ffmpeg", "avcodec": "ffmpeg", "avutil": "ffmpeg", "portaudio": "portaudio", "sndfile": "sndfile",
        "asound": "asound", "geos_c": "geos", "proj": "proj", "gdal": "gdal", "ldap": "ldap", "lber": "ldap", "sasl2": "sasl", "krb5": "krb5",
        "odbc": "odbc", "zmq": "zmq", "protobuf": "protobuf", "snappy": "snappy", "leveldb": "leveldb", "magic": "magic", "uuid": "uuid",
        "usb-1.0": "usb", "udev": "udev", "event": "event", "uv": "uv", "archive": "archive", "git2": "git2", "ssh2": "ssh2", "sodium": "sodium",
        "pcre": "pcre", "pcre2-8": "pcre2", "tbb": "tbb", "mpi": "mpi", "gfortran": "gfortran", "python3": "python", "python3.11": "python", "tcl": "tcl", "tk": "tk", "gdbm": "gdbm",
        "pcap": "pcap", "crypt": "crypt", "stdc++": "c++", "m": "c", "pthread": "c", "c": "c", "spatialindex": "spatialindex", "umfpack": "suitesparse", "arpack": "arpack", "glpk": "glpk",
        "SM": "x11", "ICE": "x11", "Xrender": "xext",
    }
)  # fmt: skip
_CMAKE: MappingProxyType[str, str] = MappingProxyType(
    {
        "ZLIB": "zlib", "OpenSSL": "openssl", "PNG": "png", "JPEG": "jpeg", "TIFF": "tiff", "HDF5": "hdf5", "CURL": "curl", "LibXml2": "xml2",
        "Boost": "boost", "Eigen3": "eigen", "BLAS": "openblas", "LAPACK": "lapack", "PostgreSQL": "postgresql", "SQLite3": "sqlite",
        "Curses": "ncurses", "OpenGL": "gl", "GLUT": "glut", "X11": "x11", "CUDA": "cuda", "CUDAToolkit": "cuda", "Python": "python",
        "Python3": "python", "PythonLibs": "python", "Freetype": "freetype", "GSL": "gsl", "MPI": "mpi", "OpenCV": "opencv", "SDL2": "sdl2",
        "TBB": "tbb", "Protobuf": "protobuf", "BZip2": "bzip2", "LibLZMA": "lzma", "EXPAT": "expat", "GEOS": "geos", "PROJ": "proj",
        "GDAL": "gdal", "Qt5": "qt5", "FFTW3": "fftw", "FFTW": "fftw", "LibArchive": "archive", "ZeroMQ": "zmq", "ALSA": "asound",
    }
)  # fmt: skip


def header_fix(header: str) -> str:
    """Return what to install for a header, or "" where nobody knows.

    >>> header_fix("libpq-fe.h")
    'install it: apt-get install libpq-dev (conda install libpq; brew install libpq)'
    """
    name = _EXACT.get(header) or _HEADERS.get(header)
    return _said(name or _FOLDERS.get(header.partition("/")[0] if "/" in header else "", ""))


def library_fix(library: str) -> str:
    """Return what to install for a library as the linker or the loader names it, or "".

    >>> library_fix("libGL.so.1") == library_fix("GL") != ""
    True
    """
    name = library.removeprefix("lib").partition(".so")[0] if ".so" in library else library
    if name.startswith("boost_"):
        return _said("boost")
    if name.startswith("python3"):
        return _said("python")
    return _said(_LIBRARIES.get(name, "") or _LIBRARIES.get(name.partition("-")[0], ""))


def package_of(module: str) -> str:
    """Return what to install for a package that CMake looks for, or ""."""
    return _said(_CMAKE.get(module.rstrip(":,()"), ""))


def _said(name: str) -> str:
    if not name or name not in _PACKAGES:
        return ""
    debian, conda, brew = _PACKAGES[name]
    others = [f"conda install {conda}" if conda else "", f"brew install {brew}" if brew else ""]
    more = "; ".join(word for word in others if word)
    return f"install it: apt-get install {debian}" + (f" ({more})" if more else "")
