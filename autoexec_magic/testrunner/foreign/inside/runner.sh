# Runs one test program for cargo, between two lines that say which one and how it ended.
#
# cargo writes its headers to one pipe and the programs their results to another, so only what
# stands in the same pipe says for sure whose results they are. The mark is taken out of the
# environment before the program starts. A documentation test is not ours to mark: rustdoc reads
# what it writes. But where rustdoc was given a runner it does not tell the program its own path, and
# the program would then run all tests in one process; so that is told here.
mark=$AUTOEXEC_RECORDS
unset AUTOEXEC_RECORDS
case $1 in
*/rustdoctest*/rust_out*)
    [ -n "$RUSTDOC_DOCTEST_BIN_PATH" ] || export RUSTDOC_DOCTEST_BIN_PATH="$1"
    exec "$@"
    ;;
esac
[ -n "$mark" ] || exec "$@"
printf '%s begin %s\n' "$mark" "$1"
"$@"
code=$?
printf '\n%s end %s\n' "$mark" "$code"
exit "$code"
