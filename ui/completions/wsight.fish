# fish completion for wsight
function __wsight_has
    set -l words (commandline -opc)
    for command in $argv
        contains -- $command $words; and return 0
    end
    return 1
end

complete -c wsight -f
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a report -d 'A summary of the captures'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a follow -d 'A line for each message'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a run -d 'Run a command, and follow its sessions'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a export -d 'Sessions and messages for other programs'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a registry -d 'The names IANA has registered'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a interfaces -d 'The network interfaces'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a fields -d 'The fields of display filters'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a ui -d 'The sessions on the screen'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a config -d 'The settings of the screen'
complete -c wsight -n '__wsight_has run' -a '(__fish_complete_command)'
complete -c wsight -n '__wsight_has registry' \
    -a 'extensions subprotocols versions close_codes opcodes header_bits'
for suffix in .pcap .pcapng .cap .gz
    complete -c wsight -n 'not __wsight_has registry fields interfaces run' -k -a "(__fish_complete_suffix $suffix)"
end
complete -c wsight -s Y -l filter -x -d 'Only sessions and messages that match a display filter'
complete -c wsight -s f -l bpf -x -d 'Only packets that match a BPF expression'
complete -c wsight -s i -l interface -x -a 'any (command ls /sys/class/net 2>/dev/null)' -d 'Capture on this interface'
complete -c wsight -s s -l snaplen -x -d 'Bytes kept of each packet'
complete -c wsight -l promiscuous -d 'Packets for others, too'
complete -c wsight -s B -l buffer -x -d 'Buffer of the kernel'
complete -c wsight -s c -l count -x -d 'Stop after so many packets'
complete -c wsight -l duration -x -d 'Stop after so many seconds'
complete -c wsight -s w -l write -r -F -d 'Save the packets'
complete -c wsight -l only-sessions -d 'Save those of WebSocket connections alone'
complete -c wsight -l with-keys -d 'Save the keys of their TLS, too'
complete -c wsight -l rotate-size -x -d 'A new file when it is so long'
complete -c wsight -l rotate-every -x -d 'A new file when it is so old'
complete -c wsight -l rotate-files -x -d 'Keep so many files'
complete -c wsight -l memory -x -d 'Beyond so much what is oldest gives way'
complete -c wsight -l metrics -x -d 'Metrics for Prometheus'
complete -c wsight -l every -x -d 'A report of each interval'
complete -c wsight -l user -x -a '(__fish_complete_users)' -d 'Become this user'
complete -c wsight -l sessions -x -d 'Stop after so many sessions'
complete -c wsight -n '__wsight_has follow run' -l format -x -a 'text jsonl ecs' -d 'Output format'
complete -c wsight -n 'not __wsight_has follow run' -l format -x -a 'text json html markdown' -d 'Output format'
complete -c wsight -s r -l read -r -F -d 'Read this file too'
complete -c wsight -s k -l keys -r -F -d 'Open TLS with this key log'
complete -c wsight -l rsa-key -r -F -d 'Open TLS with this private key of the server'
complete -c wsight -s o -l output -r -F -d 'Write to a file'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a merge -d 'One report of several'
complete -c wsight -n 'not __wsight_has report follow run export merge diff ui registry fields interfaces config' -a diff -d 'What differs between two'
complete -c wsight -n '__wsight_has merge diff' -F
complete -c wsight -n '__wsight_has export' -a 'har csv tsv zeek zeek-json eve payloads pcapng sqlite'
complete -c wsight -l table -x -a 'sessions messages' -d 'Rows of an export'
complete -c wsight -l per -x -a 'message direction' -d 'What a file of payloads holds'
complete -c wsight -l bodies -x -a 'all none' -d 'How much of each message is kept'
complete -c wsight -l frames -d 'Frames, not only messages'
complete -c wsight -l digest -d 'SHA-256 of all messages of each direction'
complete -c wsight -l script -r -d 'Keys from this file instead of a terminal'
complete -c wsight -l show-secrets -d 'Do not mask cookies, tokens and keys'
complete -c wsight -l fail-on -x -a 'note warning error' -d 'Exit with 4 when there is such a finding'
complete -c wsight -l registry -r -F -d 'Names from this IANA registry file'
complete -c wsight -l limit -x -d 'Most sessions, findings and the like to list'
complete -c wsight -l shard -x -d 'Only connections in the K-th of N parts (K/N)'
complete -c wsight -l max-connections -x -d 'Most TCP connections to follow at once'
complete -c wsight -l color -x -a 'auto always never' -d 'Colour'
complete -c wsight -l width -x -d 'Columns of the text'
complete -c wsight -s q -l quiet -d 'No progress'
complete -c wsight -s h -l help -d 'Show help'
complete -c wsight -s V -l version -d 'Show the version'
complete -c wsight -s v -l verbose -d 'More, with --version'
