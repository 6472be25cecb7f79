# check NAME COMMAND...: one test that passes when the command does. Sourced by scripts that have a folder $work and count $passed and $failed.
check() {
    local name=$1
    shift
    if "$@" > "$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        sed 's/^/  /' "$work/log"
    fi
}
