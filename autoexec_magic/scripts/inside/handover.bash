# What a script in Bash gives back when it ends; Bash reads this file first (BASH_ENV).
# Its values come in the environment. A list is written as its items, each with a NUL behind it.
unset BASH_ENV
mapfile -t _autoexec_said <<<"$AUTOEXEC_HANDOVER"
unset AUTOEXEC_HANDOVER
_autoexec_give() {
    local _autoexec_end=$? _autoexec_name _autoexec_kind _autoexec_key
    # Only the shell that is the script: one that it forked has the same trap.
    [[ $BASHPID == "$$" ]] || return "$_autoexec_end"
    set +eu
    local IFS=$' \t\n'
    for _autoexec_name in "${_autoexec_said[@]:2}"; do
        [[ $_autoexec_name ]] || continue
        _autoexec_kind=$(declare -p -- "$_autoexec_name" 2>/dev/null) || continue
        command -p mkdir -p -- "${_autoexec_said[1]}/$_autoexec_name"
        declare -n _autoexec_value=$_autoexec_name
        case ${_autoexec_kind%% "$_autoexec_name"*} in
        "declare -"*A*)
            for _autoexec_key in "${!_autoexec_value[@]}"; do
                printf '%s\0' "$_autoexec_key" "${_autoexec_value[$_autoexec_key]}"
            done >"${_autoexec_said[1]}/$_autoexec_name/pairs"
            ;;
        "declare -"*a*)
            for _autoexec_key in "${_autoexec_value[@]}"; do
                printf '%s\0' "$_autoexec_key"
            done >"${_autoexec_said[1]}/$_autoexec_name/list"
            ;;
        *) printf '%s\0' "$_autoexec_value" >"${_autoexec_said[1]}/$_autoexec_name/text" ;;
        esac
        declare +n _autoexec_value
        unset -n _autoexec_value
    done
    return "$_autoexec_end"
}
trap _autoexec_give EXIT
