# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
#
# Completion for bash. What it offers is asked of the program itself, so that it knows every flag
# and option of the version that is installed.

# "-a", "--account", ...: the flags of --help, or of that of a command.
_smtpost_flags()
{
    smtpost ${1+"$1"} --help 2>/dev/null | awk '/^ +-/ {
        sub(/^ +/, ""); sub(/  .*/, ""); count = split($0, part, ", *")
        for (i = 1; i <= count; i++) { split(part[i], word, /[ =[]/); print word[1] } }'
}

# The commands of its usage lines; the words that may follow the one named.
_smtpost_commands()
{
    smtpost --help 2>/dev/null | awk -v wanted="${1-}" '
        /^(usage:|      ) smtpost [a-z]/ {
            sub(/^(usage:|      ) smtpost /, ""); name = $1
            if (wanted == "") print name
            if (wanted != name) next
            gsub(/[A-Z][A-Z=]*/, ""); gsub(/[^a-z-]+/, " ")
            for (i = 2; i <= NF; i++) if ($i !~ /^-*$/) print $i }' | sort -u
}

_smtpost_options()
{
    smtpost config options 2>/dev/null | awk '{ print $1 "=" }'
}

_smtpost_accounts()
{
    smtpost config show 2>/dev/null | sed -n 's/^account "\([^"]*\)".*/\1/p'
}

_smtpost()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous='' command='' words
    ((COMP_CWORD > 0)) && previous=${COMP_WORDS[COMP_CWORD-1]}
    ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]] && command=${COMP_WORDS[1]}
    COMPREPLY=()
    [[ $command$previous == send-a ]] && previous=--attach
    case $previous in
    -a | --account) words=$(_smtpost_accounts) ;;
    -C | --config | --attach | --image | --html)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
        return ;;
    --set)
        words=$(_smtpost_options)
        compopt -o nospace 2>/dev/null ;;
    *)
        if [[ $current == -* ]]; then
            words=$(_smtpost_flags ${command:+"$command"})
        elif ((COMP_CWORD == 1)); then
            words=$(_smtpost_commands)
        else
            words=$(_smtpost_commands "${command:-none}")
        fi ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _smtpost smtpost
