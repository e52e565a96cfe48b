"""What of Python is known to do no more than compute, tell about this interpreter, or read a named file."""

from __future__ import annotations

from collections.abc import Mapping

#: names that Python itself knows
NAMES = frozenset(
    """
    print len range enumerate zip map filter sorted reversed list dict set tuple frozenset str int
    float bool complex bytes bytearray repr ascii abs round min max sum all any divmod pow hash id
    ord chr bin hex oct isinstance issubclass slice iter next callable True False None Ellipsis
    NotImplemented Exception ValueError TypeError KeyError IndexError ImportError
    ModuleNotFoundError AttributeError ZeroDivisionError RuntimeError AssertionError OverflowError
    StopIteration ArithmeticError LookupError NameError object SystemExit exit quit input __name__ __file__
    """.split()  # noqa: SIM905 - a list to read
)
#: methods and attributes of values: text, numbers, containers, dates, paths, arrays and tables
ATTRIBUTES = frozenset(
    """
    __version__ __name__ __file__ __doc__ version append extend insert remove pop clear copy count
    index sort reverse keys values items get setdefault update add discard union intersection
    difference symmetric_difference issubset issuperset capitalize casefold center encode decode
    endswith startswith expandtabs find rfind total_memory isalnum isalpha isascii isdecimal isdigit
    isidentifier islower isnumeric isspace istitle isupper join ljust rjust lower upper lstrip
    rstrip strip partition rpartition replace split rsplit splitlines swapcase title translate zfill
    removeprefix removesuffix hex bit_length bit_count conjugate real imag numerator denominator
    as_integer_ratio is_integer year month day hour minute second microsecond weekday isoweekday
    isoformat strftime timestamp date time total_seconds days seconds astimezone hexdigest digest
    group groups groupdict start end span sub most_common elements total name stem suffix
    parts suffixes read_text read_bytes exists is_file is_dir is_absolute as_posix read readline
    readlines
    write writelines shape dtype ndim size T mean std var sum min max argmin argmax prod cumsum cumprod dot
    reshape ravel flatten astype tolist round any all transpose nbytes itemsize head tail describe
    info columns dtypes empty iloc loc value_counts nunique unique isna isnull notna dropna fillna
    groupby agg sort_values sort_index reset_index set_index drop drop_duplicates duplicated corr
    cov median mode quantile nlargest nsmallest sample select_dtypes memory_usage to_string
    to_markdown to_dict idxmax idxmin item numel device squeeze unsqueeze view cpu float int long
    requires_grad is_cuda major minor micro releaselevel serial
    """.split()  # noqa: SIM905 - a list to read
)
ALL = frozenset("*")
_MODULES = """
sys: version version_info executable path platform argv prefix base_prefix maxsize byteorder
    implementation getsizeof getrecursionlimit getdefaultencoding getfilesystemencoding flags
    float_info int_info hexversion api_version builtin_module_names stdlib_module_names exit stdin
    stdout stderr stdout.isatty stderr.isatty stdin.isatty
    stdout.flush stderr.flush stdout.encoding stdin.read stdin.encoding stdin.readline
    stdin.readlines version_info.major
    version_info.minor
os: getcwd cpu_count getpid getppid name sep linesep listdir uname getloadavg sched_getaffinity
    path.exists path.isfile path.isdir path.join path.basename path.dirname path.abspath
    path.realpath path.getsize path.splitext path.expanduser path.sep
platform: version python_version machine system node platform release processor architecture
    python_implementation python_build python_compiler uname mac_ver libc_ver freedesktop_os_release
json: loads dumps load dump JSONDecodeError
datetime: datetime date time timedelta timezone UTC datetime.now datetime.today
    datetime.fromisoformat datetime.fromtimestamp datetime.strptime datetime.utcnow date.today
    date.fromisoformat timezone.utc
time: time sleep monotonic perf_counter strftime localtime gmtime ctime time_ns asctime process_time
re: findall search match fullmatch sub split compile escape finditer I M S IGNORECASE MULTILINE
    DOTALL
base64: b64encode b64decode urlsafe_b64encode urlsafe_b64decode b32encode b32decode b16encode
    b16decode
hashlib: md5 sha1 sha256 sha512 sha224 sha384 blake2b blake2s new sha3_256 algorithms_available
uuid: uuid4 uuid1 uuid5 uuid3 UUID NAMESPACE_DNS NAMESPACE_URL
secrets: token_hex token_bytes token_urlsafe choice randbelow
random: random randint choice choices shuffle sample uniform gauss seed randrange normalvariate
collections: Counter OrderedDict deque defaultdict namedtuple ChainMap
itertools: chain chain.from_iterable count cycle repeat accumulate combinations permutations product
    islice zip_longest groupby takewhile dropwhile pairwise starmap combinations_with_replacement
functools: reduce
operator: add mul sub itemgetter mod neg eq lt gt
string: ascii_letters ascii_lowercase ascii_uppercase digits punctuation hexdigits whitespace
    printable
decimal: Decimal getcontext
fractions: Fraction
calendar: month calendar isleap monthrange prmonth prcal TextCalendar
textwrap: dedent indent fill wrap shorten
pprint: pprint pformat pp
struct: pack unpack calcsize
zlib: crc32 adler32 compress decompress
binascii: hexlify unhexlify crc32
html: escape unescape
urllib.parse: quote unquote urlparse urlencode quote_plus unquote_plus parse_qs urlsplit urljoin
importlib.metadata: version
importlib.util: find_spec
site: getsitepackages getusersitepackages ENABLE_USER_SITE USER_SITE
sysconfig: get_paths get_path get_platform get_python_version get_config_var
locale: getpreferredencoding getlocale
tempfile: gettempdir
socket: gethostname
getpass: getuser
shutil: which disk_usage get_terminal_size
sqlite3: sqlite_version version
ssl: OPENSSL_VERSION
multiprocessing: cpu_count
pathlib: Path Path.cwd PurePath PosixPath
glob: glob
numpy: array arange linspace zeros ones eye full random.rand random.randn random.randint
    random.random random.normal random.seed random.default_rng mean std sum min max dot sqrt exp log
    pi e sin cos tan abs cumsum prod linalg.norm linalg.inv linalg.det linalg.eig matmul concatenate
    stack reshape show_config
pandas: DataFrame Series read_csv read_json read_parquet read_excel read_feather read_table concat
    date_range to_datetime show_versions options.display.max_rows
torch: cuda.is_available cuda.device_count cuda.get_device_name cuda.current_device version.cuda
    backends.mps.is_available backends.cudnn.version get_num_threads rand randn zeros ones tensor
    arange cuda.get_device_properties cuda.memory_allocated
tensorflow: config.list_physical_devices test.is_gpu_available
jax: devices device_count default_backend local_devices
sklearn: show_versions
matplotlib: get_backend get_configdir get_cachedir matplotlib_fname
statistics: *
math: *
cmath: *
this:
__future__: *
"""
#: what may be used of each module, `*` is all of it
MODULES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, _, words in (line.partition(":") for line in _MODULES.replace("\n  ", " ").strip().splitlines())
}
