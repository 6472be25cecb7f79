# Reads fastattn.h as the preprocessor leaves it (gcc -E -P) and writes, into the files named by -v:
#   thunks    C: every public function, through the door to the managed one
#   renames   for objcopy: the managed functions' new names
#   exports   for the linker: the public functions and nothing else
# Declarations it cannot read are errors: the header is the only description of the C surface.
BEGIN {
    RS = ";"
    # door.c answers these by itself.
    split("fa_abi_version fa_version_string fa_status_string fa_last_error fa_set_interrupt", names, " ")
    for (i in names) answered[names[i]] = 1
    print "#include \"door.h\"\n#include \"float_mode.h\"" > thunks
    printf "V1.0 { global:" > exports
}

{ gsub(/[ \t\r\n]+/, " "); sub(/^ /, ""); sub(/^extern "C" \{ /, "") }

# A function: no typedef, no braces, and a name of ours before the first parenthesis.
/^[^({]*fa_[a-z0-9_]+ ?\(/ && !/^typedef/ {
    head = substr($0, 1, index($0, "(") - 1)
    parameters = substr($0, index($0, "(") + 1)
    if (!sub(/\) ?$/, "", parameters) || parameters ~ /[(){}]/ || !match(head, /fa_[a-z0-9_]+ ?$/)) fail()
    name = substr(head, RSTART)
    sub(/ $/, "", name)
    type = substr(head, 1, RSTART - 1)
    printf " %s;", name > exports
    if (name in answered) next

    count = parameters == "void" ? 0 : split(parameters, list, ",")
    arguments = ""
    for (i = 1; i <= count; i++) {
        parameter = list[i]
        sub(/ *\[[0-9]*\] *$/, "", parameter)
        # A type, then the name.
        if (!match(parameter, /[a-z_][a-z0-9_]* *$/) || RSTART == 1) fail()
        argument = substr(parameter, RSTART)
        sub(/ *$/, "", argument)
        arguments = arguments (i > 1 ? ", " : "") argument
    }

    # Functions that give no status say 0 or NULL; fa_last_error() has the message.
    refusal = type ~ /^fa_status / ? "refused" : "0"
    printf "\n%smanaged_%s(%s);\n\n%s%s(%s) {\n", type, name, parameters, type, name, parameters > thunks
    printf "    fa_status refused = door_opens();\n    if (refused != FA_OK) return %s;\n", refusal > thunks
    print "    float_mode before = float_mode_default();" > thunks
    printf "    %sresult = managed_%s(%s);\n    float_mode_restore(before);\n    return result;\n}\n", type, name, arguments > thunks
    printf "%s managed_%s\n", name, name > renames
    made++
}

END {
    print " local: *; };" > exports
    if (made == 0 && !failed) fail()
    exit failed
}

function fail() {
    printf "thunks.awk: cannot read this declaration: %s\n", $0 > "/dev/stderr"
    failed = 1
    exit 1
}
