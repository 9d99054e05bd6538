# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
#
# Completion for fish. What it offers is asked of the program itself, so that it knows every flag
# and option of the version that is installed.

# The flags of --help, or of that of a command, each with what it is for.
function __smtpost_flags
    smtpost $argv --help 2>/dev/null | awk '/^ +-/ {
        sub(/^ +/, ""); doc = $0
        if (!sub(/^.*   */, "", doc)) doc = ""
        sub(/  .*/, ""); count = split($0, part, ", *")
        for (i = 1; i <= count; i++) { split(part[i], word, /[ =[]/); print word[1] "\t" doc } }'
end

# The commands of its usage lines; the words that may follow the one named.
function __smtpost_commands
    smtpost --help 2>/dev/null | awk -v wanted="$argv[1]" '
        /^(usage:|      ) smtpost [a-z]/ {
            sub(/^(usage:|      ) smtpost /, ""); name = $1
            if (wanted == "") print name
            if (wanted != name) next
            gsub(/[A-Z][A-Z=]*/, ""); gsub(/[^a-z-]+/, " ")
            for (i = 2; i <= NF; i++) if ($i !~ /^-*$/) print $i }' | sort -u
end

function __smtpost_options
    smtpost config options 2>/dev/null | awk '{ print $1 "=" }'
end

function __smtpost_accounts
    smtpost config show 2>/dev/null | sed -n 's/^account "\([^"]*\)".*/\1/p'
end

function __smtpost
    set -l said (commandline -opc)
    set -l current (commandline -ct)
    set -l previous $said[-1]
    set -l command
    if test (count $said) -gt 1; and not string match -q -- '-*' $said[2]
        set command $said[2]
    end
    if test "$command$previous" = send-a
        set previous --attach
    end
    switch "$previous"
        case -a --account
            __smtpost_accounts
        case -C --config --attach --image --html
            __fish_complete_path $current
        case --set
            __smtpost_options
        case '*'
            if string match -q -- '-*' $current
                __smtpost_flags $command
            else if test (count $said) -eq 1
                __smtpost_commands
            else
                __smtpost_commands $command none
            end
    end
end

complete -c smtpost -f -a '(__smtpost)'
