"""Variables that decide which code a program runs or where it writes, and their harmless values."""

from __future__ import annotations

import re

from .found import Found

LOADS_CODE = frozenset(
    """
    LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG_OUTPUT DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH
    GCONV_PATH PATH SHELL IFS ENV BASH_ENV BASH_FUNC SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH
    ZDOTDIR PAGER EDITOR VISUAL BROWSER MANPAGER MANOPT LESSOPEN LESSCLOSE LESSKEY LESS
    SYSTEMD_PAGER TERMINFO PYTHONSTARTUP PYTHONPATH PYTHONHOME PYTHONINSPECT PYTHONBREAKPOINT
    PYTHONWARNINGS PYTHONUSERBASE PYTHONPYCACHEPREFIX PYTHONEXECUTABLE PYTEST_ADDOPTS PYTEST_PLUGINS
    VIRTUAL_ENV IPYTHONDIR JUPYTER_PATH JUPYTER_CONFIG_DIR JUPYTER_CONFIG_PATH PIP_INDEX_URL
    PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_CONFIG_FILE PIP_FIND_LINKS PIP_PROXY UV_INDEX
    UV_INDEX_URL UV_EXTRA_INDEX_URL UV_DEFAULT_INDEX UV_FIND_LINKS UV_CONFIG_FILE UV_INSECURE_HOST
    PERL5OPT PERL5LIB PERLLIB PERL5DB RUBYOPT RUBYLIB NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS
    JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH MAVEN_OPTS LUA_INIT LUA_PATH
    R_PROFILE R_PROFILE_USER R_ENVIRON JULIA_LOAD_PATH PHPRC PHP_INI_SCAN_DIR GEM_PATH RUSTC
    RUSTC_WRAPPER RUSTFLAGS RUSTDOCFLAGS CARGO_BUILD_RUSTC_WRAPPER CARGO_HOME
    CARGO_ENCODED_RUSTFLAGS GOFLAGS GOPROXY GONOSUMDB GOTOOLCHAIN CC CXX LD AR AS CPP MAKE MAKEFLAGS
    MAKEFILES GNUMAKEFLAGS MFLAGS CMAKE_TOOLCHAIN_FILE GCC_EXEC_PREFIX COMPILER_PATH CONFIG_SITE
    CONFIG_SHELL GIT_SSH GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_PAGER GIT_EDITOR GIT_SEQUENCE_EDITOR
    GIT_ASKPASS GIT_PROXY_COMMAND GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_DIR GIT_WORK_TREE GIT_CONFIG
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_SSL_NO_VERIFY GIT_TRACE GIT_ALLOW_PROTOCOL SSH_ASKPASS
    SUDO_ASKPASS RSYNC_RSH RSYNC_CONNECT_PROG TAR_OPTIONS GZIP BZIP BZIP2 XZ_OPT XZ_DEFAULTS ZIPOPT
    UNZIP GREP_OPTIONS RIPGREP_CONFIG_PATH TAPE OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES
    SSLKEYLOGFILE CURL_HOME WGETRC CURL_CA_BUNDLE DOCKER_HOST DOCKER_CONFIG KUBECONFIG KUBE_EDITOR
    KUBECTL_EXTERNAL_DIFF AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL
    CLOUDSDK_PYTHON CLOUDSDK_CONFIG TF_CLI_CONFIG_FILE PSQLRC PSQL_PAGER PGSERVICEFILE MYSQL_HOME
    SQLITE_HISTORY MAGICK_CONFIGURE_PATH MAGICK_CODER_MODULE_PATH HOME TMPDIR XDG_CONFIG_HOME
    XDG_CONFIG_DIRS XDG_DATA_HOME XDG_DATA_DIRS HOSTALIASES LOCALDOMAIN npm_config_script_shell
    NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS NODE_REPL_HISTORY NODE_COMPILE_CACHE COVERAGE_FILE GCOV_PREFIX
    LLVM_PROFILE_FILE GMON_OUT_PREFIX MALLOC_TRACE PYTEST_DEBUG_TEMPROOT PYTHON_HISTORY HISTFILE TMP TEMP
    GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_TRACE2 GIT_TRACE2_EVENT GIT_TRACE2_PERF XDG_CACHE_HOME
    XDG_STATE_HOME MPLCONFIGDIR
    npm_config_registry NPM_CONFIG_REGISTRY NPM_CONFIG_SCRIPT_SHELL http_proxy https_proxy
    HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
    """.split()  # noqa: SIM905 - one name a line would be a file of its own
)
_LOADS_CODE_BEGINS = (
    "LD_",
    "DYLD_",
    "BASH_FUNC_",
    "GIT_CONFIG_",
    "npm_config_",
    "CARGO_TARGET_",
    "PIP_",
    "UV_",
)


# Values with which they decide nothing that is not there already: code of the workspace, a known compiler.
_INSIDE = r"(?!/|~|.*\.\.)[\w./-]*"
_HARMLESS = {
    "PYTHONPATH": re.compile(rf"{_INSIDE}(?::{_INSIDE})*"),
    "NODE_PATH": re.compile(_INSIDE),
    "PYTHONWARNINGS": re.compile(r"(?:ignore|default|error|always|once|module)(?:::?(?:\w*Warning)?)?"),
    "NODE_OPTIONS": re.compile(r"--max-old-space-size=\d+|--openssl-legacy-provider|--no-warnings"),
    "MAKEFLAGS": re.compile(r"-?[jks]*\d*"),
    "CC": re.compile(r"(?:gcc|clang|cc)(?:-\d+)?"),
    "CXX": re.compile(r"(?:g\+\+|clang\+\+|c\+\+)(?:-\d+)?"),
    "PYTHONBREAKPOINT": re.compile(r"0?"),
    "PYTHONPYCACHEPREFIX": re.compile(_INSIDE),
    "GIT_TRACE": re.compile(r"[01]"),
    "UV_LINK_MODE": re.compile(r"\w+"),
    "UV_CACHE_DIR": re.compile(_INSIDE),
    **dict.fromkeys(
        (
            *("TMPDIR", "TMP", "TEMP", "NODE_V8_COVERAGE", "COVERAGE_FILE", "LLVM_PROFILE_FILE"),
            *("MPLCONFIGDIR", "XDG_CACHE_HOME", "NODE_COMPILE_CACHE"),
        ),
        re.compile(_INSIDE),
    ),
    **dict.fromkeys(("PAGER", "GIT_PAGER", "MANPAGER", "SYSTEMD_PAGER"), re.compile(r"cat|less|")),
    **dict.fromkeys(("EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR"), re.compile(r"true|:|cat")),
}
_NO_CODE = re.compile(
    r"PIP_(?:NO_CACHE_DIR|DISABLE_PIP_VERSION_CHECK|QUIET|NO_INPUT|DEFAULT_TIMEOUT|PROGRESS_BAR|ROOT_USER_ACTION)"
    r"|UV_(?:NO_PROGRESS|OFFLINE|FROZEN|LOCKED|NO_CACHE|CONCURRENT_\w+|HTTP_TIMEOUT|COMPILE_BYTECODE)|LD_BIND_NOW"
)


def doubt(name: str, value: str) -> str:
    """Return why a variable with that value is a question, "" if it is none."""
    if name not in LOADS_CODE and not name.startswith(_LOADS_CODE_BEGINS):
        return ""
    harmless = _HARMLESS.get(name)
    if _NO_CODE.fullmatch(name) or (harmless is not None and harmless.fullmatch(value)):
        return ""
    return f"{name} decides which code is run, where it comes from, or where something is written"


def assign(word: str, found: Found) -> None:
    """Take `NAME=value` for the inner command's environment; a bare NAME passes one on."""
    name, is_set, value = word.partition("=")
    found.assigned.append((name, value))
    if is_set and (why := doubt(name, value)):
        found.doubt(why)


def setting(word: str, found: Found) -> None:
    """Take a target of make; `NAME=value` is a question where it decides which program runs, or is one."""
    before = word.partition("=")[0].rstrip()
    name = before.rstrip(":+?!").rstrip()
    if "=" in word and (
        before.endswith("!")
        or name in LOADS_CODE
        or name.startswith(".")
        or "$(" in word
        or "`" in word
        or "${" in word
    ):
        found.doubt(f"{name} decides which code is run")
