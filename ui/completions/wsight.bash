# bash completion for wsight
_wsight()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} values="" i command=""
    local options="-f --bpf -Y --filter -r --read -k --keys --rsa-key -i --interface -s --snaplen --promiscuous -B --buffer
        -c --count --duration --sessions --every --user -w --write --only-sessions --with-keys
        --rotate-size --rotate-every --rotate-files --memory --metrics
        --format -o --output --bodies --frames --digest --limit --table --per
        --script --show-secrets --fail-on --registry --shard --max-connections --color --width -q --quiet -h --help
        -V --version -v --verbose"
    # --option=VALUE comes as three words.
    if [ "$prev" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    elif [ "$cur" = = ]; then
        cur=
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            report|follow|run|export|merge|diff|ui|registry|fields|interfaces|config) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $prev in
        --format)
            values="text json html markdown"
            [[ $command = follow || $command = run ]] && values="text jsonl ecs"
            [ "$command" = diff ] && values="text json markdown"
            [ "$command" = export ] && values="har csv tsv zeek zeek-json eve payloads pcapng sqlite" ;;
        export) values="har csv tsv zeek zeek-json eve payloads pcapng sqlite" ;;
        --table) values="sessions messages" ;;
        --per) values="message direction" ;;
        --bodies) values="all none" ;;
        --fail-on) values="note warning error" ;;
        --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
        -i|--interface)
            values="any $(cd /sys/class/net 2>/dev/null && echo *)" ;;
        -s|--snaplen|-B|--buffer|-c|--count|--duration|--sessions|--every|--rotate-size|--rotate-every|--rotate-files|--memory|--metrics|--limit|--shard|--max-connections|--width|-f|--bpf|-Y|--filter) return ;;
        --color) values="auto always never" ;;
        -o|--output|-w|--write|-r|--read|-k|--keys|--rsa-key|--registry|--script)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return ;;
    esac
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
        return
    fi
    if [ "${cur:0:1}" = - ]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        return
    fi
    if [ "$command" = registry ]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "extensions subprotocols versions close_codes opcodes header_bits" -- "$cur")
        return
    fi
    [ "$command" = fields ] && return
    if [ "$command" = run ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        return
    fi
    compopt -o filenames 2>/dev/null
    if [ "$command" = merge ] || [ "$command" = diff ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -d -- "$cur"
        shopt -s extglob
        compgen -f -X '!*.@(pcap|pcapng|cap|gz)' -- "$cur")
    if [ -z "$command" ]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "report follow run export merge diff ui registry fields interfaces config" -- "$cur")
    fi
}
complete -F _wsight wsight
