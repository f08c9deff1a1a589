# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_enwrap_global_optspecs
    string join \n keyring= allow-readable-keyring passphrase-file= passphrase-fd= passphrase-command= lock-timeout= j/jobs= kms-timeout= kms-concurrency= q/quiet v/verbose json color= progress= h/help V/version
end

function __fish_enwrap_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_enwrap_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_enwrap_using_subcommand
    set -l cmd (__fish_enwrap_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c enwrap -n "__fish_enwrap_needs_command" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_needs_command" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_needs_command" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -l passphrase-command -d 'Take it from the output of a shell command; only before the verb [env: ENWRAP_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_needs_command" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_needs_command" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_needs_command" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_needs_command" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_needs_command" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_needs_command" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_needs_command" -s V -l version -d 'Print version'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "keygen" -d 'Make a root key, and print its id'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "encrypt" -d 'Encrypt files, or standard input'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "decrypt" -d 'Decrypt files, or standard input'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "verify" -d 'Check that files decrypt, to the last byte, without writing them'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "inspect" -d 'Show the header of encrypted files; no key is needed'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "rewrap" -d 'Give encrypted files further keys, without touching them'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "reencrypt" -d 'Encrypt messages again, under new data keys'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "edit" -d 'Edit an encrypted file'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "git" -d 'Keep encrypted files in a git repository'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "datakey" -d 'Make a data key for another program, and open or re-wrap it later'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "exec" -d 'Run a command with secrets in its environment'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "key" -d 'Look after root keys: names, rotation, switches, usage, deletion, export and import'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "keyring" -d 'Look after the keyring file: backups, passphrase, earlier generations'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "man" -d 'Write the manual pages into a folder'
complete -c enwrap -n "__fish_enwrap_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l kind -d 'What kind of key: aes, p256, p384 or p521' -r -f -a "aes\t'One secret, for both directions'
p256\t'A key pair on P-256'
p384\t'A key pair on P-384'
p521\t'A key pair on P-521'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l description -d 'What the key is for' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l if-missing -d 'Print the id of the key that has the alias, instead of failing, if it was made here'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s k -l key -d 'Encrypt under this key: an alias, an id, or the ARN of a key in AWS KMS (repeatable; any one of them opens the result) [env: ENWRAP_KEY] [default: the key with the alias \'default\']' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s c -l context -d 'Store a pair with the message and authenticate it (repeatable); it is not secret' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l context-file -d 'Take pairs from a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l bind -d 'Bind a pair to the message without storing it (repeatable): whoever decrypts must give it again with -c' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l algorithm -d 'The algorithm suite, by id or official name: 0x0478, or 0x0578, which also signs' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l frame-length -d 'Encrypt in frames of BYTES: what a reader holds in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l include -d 'Of folders, take only files that match PATTERN (repeatable): of their name, or, with a \'/\' in it, of their path below the folder. \'*\' stays within a name, \'**\' does not' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l exclude -d 'Of folders, leave out files and folders that match PATTERN (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s o -l output -d 'Write to this file; \'-\' is standard output' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l output-dir -d 'Write into this folder instead of beside each input; with -r, into a folder named as the DIR is' -r -f -a "(__fish_complete_directories)"
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l skip-existing -d 'With -r, go on where a run ended: pass over a file whose output is there, whole, and has its time' -r -f -a "time\t'By its length and its time of modification'
verify\t'By its content too'"
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l metadata -d 'Append a JSON line about each file to this one, as the AWS Encryption CLI does' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l from-command -d 'Run the command after \'--\' and encrypt its output; if it fails, there is no output file'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s a -l armor -d 'Write base64 in lines of 64 characters instead of bytes'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s r -l recursive -d 'Take folders too, with all that is in them; links are not followed'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s p -l passphrase-recipient -d 'Encrypt for whoever has a new passphrase too; without -k, for nobody else, and no keyring is needed'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s f -l force -d 'Replace an output that exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l sync -d 'Have each output on the disk before it counts as done'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l preserve-owner -d 'Give each output to the owner and group of its input; only root can'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l remove-source -d 'Remove each input when its output is on the disk and in its place'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l if-changed -d 'Leave an output alone that opens to the same bytes under the same keys, context and form'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand encrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l include -d 'Of folders, take only files that match PATTERN (repeatable): of their name, or, with a \'/\' in it, of their path below the folder. \'*\' stays within a name, \'**\' does not' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l exclude -d 'Of folders, leave out files and folders that match PATTERN (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s o -l output -d 'Write to this file; \'-\' is standard output' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l output-dir -d 'Write into this folder instead of beside each input; with -r, into a folder named as the DIR is' -r -f -a "(__fish_complete_directories)"
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l skip-existing -d 'With -r, go on where a run ended: pass over a file whose output is there, whole, and has its time' -r -f -a "time\t'By its length and its time of modification'
verify\t'By its content too'"
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l offset -d 'Begin at byte N of the plaintext, reading only what is needed of a FILE' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l length -d 'Write at most N bytes' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l metadata -d 'Append a JSON line about each file to this one, as the AWS Encryption CLI does' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s d -d 'Does nothing: GNU tar gives it to every program that it unpacks with (tar -I \'enwrap decrypt\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s r -l recursive -d 'Take folders too, with all that is in them; links are not followed'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s f -l force -d 'Replace an output that exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l sync -d 'Have each output on the disk before it counts as done'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l preserve-owner -d 'Give each output to the owner and group of its input; only root can'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l remove-source -d 'Remove each input when its output is on the disk and in its place'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l verify-first -d 'Release nothing to a stream before all of the message was verified'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l salvage -d 'Save what is whole of a damaged FILE: every frame that is authentic goes to its place in the output, and the others leave holes'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l unsigned-only -d 'Refuse signed messages'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l preserve-mode -d 'Give the output all permissions of the input, not only the owner\'s'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand decrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l include -d 'Of folders, take only files that match PATTERN (repeatable): of their name, or, with a \'/\' in it, of their path below the folder. \'*\' stays within a name, \'**\' does not' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l exclude -d 'Of folders, leave out files and folders that match PATTERN (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l metadata -d 'Append a JSON line about each file to this one, as the AWS Encryption CLI does' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s r -l recursive -d 'Take folders too, with all that is in them; links are not followed'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l envelope -d 'List the keys in this envelope file too (repeatable), before those in FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s k -l key -d 'Wrap under exactly these keys (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l add -d 'Wrap under those that open it now too'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s r -l recursive -d 'Take all messages of folders, and leave everything else alone'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l dry-run -d 'Say what would be done, and do nothing'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s p -l passphrase-recipient -d 'Encrypt for whoever has a new passphrase too; without -k, for nobody else, and no keyring is needed'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand rewrap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s k -l key -d 'Encrypt under exactly these keys (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l set-context -d 'Store this pair, in the place of one with its KEY (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l unset-context -d 'Store no pair with this KEY (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l bind -d 'Bind a further pair to the message without storing it (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s o -l output -d 'Write to a new file instead, and leave the old one' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l drop-unknown-keys -d 'Go on where a key that the message has is not here: it will not open the new one'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s f -l force -d 'Replace an output that exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s r -l recursive -d 'Take all messages of folders, and leave everything else alone'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s p -l passphrase-recipient -d 'Encrypt for whoever has a new passphrase too; without -k, for nobody else, and no keyring is needed'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand reencrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s k -l key -d 'Encrypt under exactly these keys (repeatable); KEY, and the default for a new FILE, are as in \'enwrap encrypt\'' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l stdin -d 'Take the new content from standard input, and start no editor'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l allow-empty -d 'Accept a new content that is empty'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l drop-unknown-keys -d 'Go on where a key that the message has is not here: it will not open the new one'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -f -a "setup" -d 'Tell git how to show and merge encrypted files'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -f -a "textconv" -d 'Print an encrypted file as git is to show it'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -f -a "merge" -d 'Merge encrypted files, as git\'s merge driver'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -f -a "check" -d 'Check that the files of a repository that should be encrypted are'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and not __fish_seen_subcommand_from setup textconv merge check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from textconv" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l path -d 'The name of the file in the work tree, for messages and for its envelope file' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l marker-size -d 'How long conflict markers are' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l staged -d 'Check what would be committed instead of the work tree'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from help" -f -a "setup" -d 'Tell git how to show and merge encrypted files'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from help" -f -a "textconv" -d 'Print an encrypted file as git is to show it'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Merge encrypted files, as git\'s merge driver'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check that the files of a repository that should be encrypted are'
complete -c enwrap -n "__fish_enwrap_using_subcommand git; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s k -l key -d 'Wrap under this key: an alias, an id, or the ARN of a key in AWS KMS [env: ENWRAP_KEY] [default: the key with the alias \'default\']' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s c -l context -d 'Bind a pair to the data key (repeatable): the same pairs open it again; they are not secret' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l context-file -d 'Bind the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l encryption-context -d 'For those who come from the AWS CLI: K=V,K=V or a JSON object' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l key-spec -d 'The length of the data key' -r -f -a "AES_256\t'32 bytes'
AES_128\t'16 bytes'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l number-of-bytes -d 'The length of the data key in bytes, 1 to 1024' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l format -d 'Print one value instead of JSON' -r -f -a "hex\t'Hexadecimal digits and a newline'
base64\t'Base64 and a newline'
raw\t'The bytes themselves, never to a terminal'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l blob-out -d 'Write the wrapped data key to a new file that only you can read, as bytes' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l without-plaintext -d 'Leave the plain data key out: it is made to be opened later'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s f -l force -d 'Replace the file of --blob-out if it exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -f -a "decrypt" -d 'Open a wrapped data key'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -f -a "rewrap" -d 'Wrap a wrapped data key under another key'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and not __fish_seen_subcommand_from decrypt rewrap help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l blob-file -d 'Take the wrapped data key from a file, as bytes or base64' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l ciphertext-blob -d 'For those who come from the AWS CLI: base64, or fileb://PATH' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -s c -l context -d 'Bind a pair to the data key (repeatable): the same pairs open it again; they are not secret' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l context-file -d 'Bind the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l encryption-context -d 'For those who come from the AWS CLI: K=V,K=V or a JSON object' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l format -d 'Print one value instead of JSON' -r -f -a "hex\t'Hexadecimal digits and a newline'
base64\t'Base64 and a newline'
raw\t'The bytes themselves, never to a terminal'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from decrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l blob-file -d 'Take the wrapped data key from a file, as bytes or base64' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l ciphertext-blob -d 'For those who come from the AWS CLI: base64, or fileb://PATH' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s k -l key -d 'Wrap under this key: an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s c -l context -d 'Bind a pair to the data key (repeatable): the same pairs open it again; they are not secret' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l context-file -d 'Bind the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l encryption-context -d 'For those who come from the AWS CLI: K=V,K=V or a JSON object' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l set-context -d 'Add a pair to the context of the new blob, or give it another value (repeatable)' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l format -d 'Print one value instead of JSON' -r -f -a "hex\t'Hexadecimal digits and a newline'
base64\t'Base64 and a newline'
raw\t'The bytes themselves, never to a terminal'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l blob-out -d 'Write the wrapped data key to a new file that only you can read, as bytes' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s f -l force -d 'Replace the file of --blob-out if it exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from rewrap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from help" -f -a "decrypt" -d 'Open a wrapped data key'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from help" -f -a "rewrap" -d 'Wrap a wrapped data key under another key'
complete -c enwrap -n "__fish_enwrap_using_subcommand datakey; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s e -l env-file -d 'Set the variables of an encrypted file (repeatable): lines of NAME=VALUE, or a JSON object of strings; \'-\' is standard input' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l secret-file -d 'Set NAME to the path of a file in memory with the plaintext of FILE (repeatable)' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l mask -d 'Hide the secrets in the command\'s output: each of 4 or more bytes becomes \'***\'' -r -f -a "plain\t'Nobody\'s'
github\t'GitHub Actions\''
gitlab\t'GitLab\'s, which takes none'"
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l only -d 'Set only these variables of the files; each must be there' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l prefix -d 'Begin the name of each variable of the files with P' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l allow-name -d 'Let a file set NAME (repeatable), although it decides what programs do, as PATH or LD_PRELOAD' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l format -d 'How the variables are written in the files, if their first character does not tell: \'dotenv\' or \'json\'' -r -f -a "dotenv\t'Lines of NAME=VALUE'
json\t'A JSON object of strings'"
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l pristine -d 'Give the command no other variables but PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_*, TZ and TMPDIR'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l override -d 'Replace variables that are set already, which are kept otherwise; of two files, the later one counts'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "list" -d 'List the keyring\'s root keys, with the age of their current versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "show" -d 'Show a root key and its versions, without key material'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "export" -d 'Write root keys, with their material'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "import" -d 'Add root keys from an export, or a key of another SDK or tool'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "alias" -d 'Give root keys names, and take them away'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "rotate" -d 'Give root keys a new version'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "enable" -d 'Allow the use of a root key again, or of one of its versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "disable" -d 'Refuse the use of a root key, or of one of its versions, in both directions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "delete" -d 'Announce that a root key, or old versions of it, will be destroyed'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "undelete" -d 'Take the announcement back'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "purge" -d 'Destroy key versions whose deletion date has passed'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "usage" -d 'Show which key versions open which files'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and not __fish_seen_subcommand_from list show export import alias rotate enable disable delete undelete purge usage help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l version -d 'Export this version instead of the current one' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l as -d 'The form: sdk, keyring, env or pem [default: sdk, or keyring with --seal]' -r -f -a "sdk\t'What a keyring of an official SDK needs'
keyring\t'A keyring file'
env\t'A keyring file in one line'
pem\t'PKCS#8, or SubjectPublicKeyInfo with --public'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to a new file, which only you can read unless it is public; \'-\' is standard output, also on a terminal' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l new-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_NEW_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l all-versions -d 'Export all versions, so that older files open too'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l public -d 'Export the public halves only, for a host that encrypts and opens nothing'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l decrypt-only -d 'Have enwrap refuse to encrypt under the exported keys: a guard rail against mistakes, and no bound, since whoever has all of a key can do both'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l seal -d 'Seal it with a new passphrase'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l file -d 'The export; standard input if left out' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l private-key-file -d 'A file with a private key in PEM; \'-\' is standard input' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l public-key-file -d 'A file with a public key in PEM; \'-\' is standard input' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l material-file -d 'A file with the wrapping key or the branch key in hex; \'-\' is standard input' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l aws-kms -d 'The ARN of the key in AWS KMS; with --public-key-file, of the key that has the private half' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l namespace -d 'The namespace (provider id) of an RSA key or a wrapping key' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l name -d 'The name of an RSA key or a wrapping key' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l padding -d 'How an RSA key pads: pkcs1, oaep-sha1, oaep-sha256, oaep-sha384 or oaep-sha512' -r -f -a "pkcs1\t''
oaep-sha1\t''
oaep-sha256\t''
oaep-sha384\t''
oaep-sha512\t''"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l branch-key-id -d 'The id of a branch key of the hierarchical keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l branch-key-version -d 'Its version, a UUID' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l import-passphrase-file -d 'Take the passphrase of a sealed FILE from a file, where it is not the keyring\'s own [env: ENWRAP_IMPORT_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l import-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_IMPORT_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l import-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_IMPORT_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -f -a "add" -d 'Give a key a further name'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -f -a "move" -d 'Have a name mean another key'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -f -a "remove" -d 'Take a name away; the key stays'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -f -a "rename" -d 'Give a name another spelling'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from alias" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l older-than -d 'Only where the current version is older than this: a number and h, d or w' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l all -d 'Rotate every key that was made here, is enabled and may encrypt'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l version -d 'This version only, instead of all' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l version -d 'This version only, instead of all' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l version -d 'This version only, which cannot be the current one' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l pending-days -d 'Days until they can be destroyed: 7 to 30' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l old-versions -d 'All versions but the current one'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l version -d 'This version only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from undelete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l check -d 'Destroy nothing that messages below PATH still need (repeatable): each has to be proved to open without it. Pairs that are bound to them are given with -c' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l dry-run -d 'Say what would be destroyed, and destroy nothing'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s y -l yes -d 'Do not ask'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s c -l context -d 'Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if given; a pair that is not stored must have been bound to the message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l context-file -d 'Expect the pairs of a JSON object of strings' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l only-key -d 'Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l aws-kms-discovery -d 'Ask AWS KMS also for keys that only the message names, and that nobody chose here; with \'=ACCOUNT,..\' for those of these accounts only' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l envelope -d 'Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope [env: ENWRAP_ENVELOPE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l commitment-policy -d 'Which suites to read: \'require-encrypt-allow-decrypt\' also those without key commitment, which old SDKs wrote' -r -f -a "require-encrypt-require-decrypt\t'Read suites with key commitment only'
require-encrypt-allow-decrypt\t'Read all suites'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l message-passphrase-file -d 'Take the passphrase of a message from a file, for where no key opens it [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l message-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l max-header-size -d 'Read headers of up to BYTES' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l max-encrypted-data-keys -d 'Read up to N encrypted data keys of one message' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l max-frame-length -d 'Hold frames of up to BYTES in memory' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s r -l recursive -d 'Take all messages of folders, and leave everything else alone'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l fail-if-stale -d 'Exit with code 14 if a file is not proved to be opened by a current version'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the keyring\'s root keys, with the age of their current versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a root key and its versions, without key material'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write root keys, with their material'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "import" -d 'Add root keys from an export, or a key of another SDK or tool'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "alias" -d 'Give root keys names, and take them away'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Give root keys a new version'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Allow the use of a root key again, or of one of its versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Refuse the use of a root key, or of one of its versions, in both directions'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Announce that a root key, or old versions of it, will be destroyed'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "undelete" -d 'Take the announcement back'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "purge" -d 'Destroy key versions whose deletion date has passed'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "usage" -d 'Show which key versions open which files'
complete -c enwrap -n "__fish_enwrap_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "path" -d 'Print where the keyring is, whether it exists or not'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "backup" -d 'Copy the keyring to a new file, after checking it'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "check" -d 'Look whether the keyring is whole, private and works'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "history" -d 'List the earlier generations of the keyring, which \'enwrap keyring restore\' puts back'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "passphrase" -d 'Seal the keyring with a passphrase, change it, or remove it'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "restore" -d 'Put a backup, or an earlier generation, in the keyring\'s place'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and not __fish_seen_subcommand_from path backup check history passphrase restore help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l new-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_NEW_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -s f -l force -d 'Replace a file that exists'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l text -d 'Write lines to print and to type, sealed: with the keyring\'s passphrase, or, if it has none, with a new one'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l against -d 'Find what it lacks of this keyring' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l import-passphrase-file -d 'Take the passphrase of a sealed FILE from a file, where it is not the keyring\'s own [env: ENWRAP_IMPORT_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l import-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_IMPORT_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l import-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_IMPORT_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l new-passphrase-file -d 'Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l new-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l new-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_NEW_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l remove -d 'Store the keyring in the clear again'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from passphrase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l generation -d 'An earlier generation, as \'enwrap keyring history\' lists them' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l import-passphrase-file -d 'Take the passphrase of a sealed FILE from a file, where it is not the keyring\'s own [env: ENWRAP_IMPORT_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l import-passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_IMPORT_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l import-passphrase-command -d 'Take it from the output of a shell command [env: ENWRAP_IMPORT_PASSPHRASE_COMMAND]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -s f -l force -d 'Also where key versions are lost by it'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the keyring is, whether it exists or not'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "backup" -d 'Copy the keyring to a new file, after checking it'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look whether the keyring is whole, private and works'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "history" -d 'List the earlier generations of the keyring, which \'enwrap keyring restore\' puts back'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "passphrase" -d 'Seal the keyring with a passphrase, change it, or remove it'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Put a backup, or an earlier generation, in the keyring\'s place'
complete -c enwrap -n "__fish_enwrap_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l keyring -d 'The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l passphrase-file -d 'Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]' -r -F
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l passphrase-fd -d 'Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l lock-timeout -d 'Wait this long for another process that changes the keyring' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -s j -l jobs -d 'Work with up to N threads in all [default: the processors that this process may use]' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l kms-timeout -d 'Give a call to AWS KMS up after SECONDS, with all its repetitions' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l kms-concurrency -d 'Have up to N calls to AWS KMS under way at once' -r
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l color -d 'When to use colour: \'auto\' looks at NO_COLOR and TERM too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l progress -d 'When to show progress: \'always\' prints plain lines where there is no terminal' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l allow-readable-keyring -d 'Accept a keyring that others may read, such as a mounted secret [env: ENWRAP_ALLOW_READABLE_KEYRING=1]'
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -s q -l quiet -d 'Say nothing but errors'
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -l json -d 'Print JSON Lines for programs'
complete -c enwrap -n "__fish_enwrap_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "keygen" -d 'Make a root key, and print its id'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "encrypt" -d 'Encrypt files, or standard input'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "decrypt" -d 'Decrypt files, or standard input'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "verify" -d 'Check that files decrypt, to the last byte, without writing them'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "inspect" -d 'Show the header of encrypted files; no key is needed'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "rewrap" -d 'Give encrypted files further keys, without touching them'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "reencrypt" -d 'Encrypt messages again, under new data keys'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "edit" -d 'Edit an encrypted file'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "git" -d 'Keep encrypted files in a git repository'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "datakey" -d 'Make a data key for another program, and open or re-wrap it later'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "exec" -d 'Run a command with secrets in its environment'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "key" -d 'Look after root keys: names, rotation, switches, usage, deletion, export and import'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "keyring" -d 'Look after the keyring file: backups, passphrase, earlier generations'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "man" -d 'Write the manual pages into a folder'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and not __fish_seen_subcommand_from keygen encrypt decrypt verify inspect rewrap reencrypt edit git datakey exec key keyring completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from git" -f -a "setup" -d 'Tell git how to show and merge encrypted files'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from git" -f -a "textconv" -d 'Print an encrypted file as git is to show it'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from git" -f -a "merge" -d 'Merge encrypted files, as git\'s merge driver'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from git" -f -a "check" -d 'Check that the files of a repository that should be encrypted are'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from datakey" -f -a "decrypt" -d 'Open a wrapped data key'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from datakey" -f -a "rewrap" -d 'Wrap a wrapped data key under another key'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'List the keyring\'s root keys, with the age of their current versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "show" -d 'Show a root key and its versions, without key material'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "export" -d 'Write root keys, with their material'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "import" -d 'Add root keys from an export, or a key of another SDK or tool'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "alias" -d 'Give root keys names, and take them away'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Give root keys a new version'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "enable" -d 'Allow the use of a root key again, or of one of its versions'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "disable" -d 'Refuse the use of a root key, or of one of its versions, in both directions'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "delete" -d 'Announce that a root key, or old versions of it, will be destroyed'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "undelete" -d 'Take the announcement back'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "purge" -d 'Destroy key versions whose deletion date has passed'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "usage" -d 'Show which key versions open which files'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "path" -d 'Print where the keyring is, whether it exists or not'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "backup" -d 'Copy the keyring to a new file, after checking it'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "check" -d 'Look whether the keyring is whole, private and works'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "history" -d 'List the earlier generations of the keyring, which \'enwrap keyring restore\' puts back'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "passphrase" -d 'Seal the keyring with a passphrase, change it, or remove it'
complete -c enwrap -n "__fish_enwrap_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "restore" -d 'Put a backup, or an earlier generation, in the keyring\'s place'
