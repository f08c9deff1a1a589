# Completion of enwrap for fish. enwrap tells what may follow; fish itself completes files.
function __enwrap_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor)
    set -l answer (ENWRAP_COMPLETE=fish enwrap -- $words 2>/dev/null)
    test (count $answer) -gt 0; or return
    set -l kind $answer[1]
    set --erase answer[1]
    string join \n -- $answer
    # Of --output-dir=DIR, only DIR is a path.
    set -l prefix (string match --regex '^--[^=]*=' -- $words[-1])
    set -l path (string replace --regex '^--[^=]*=' '' -- $words[-1])
    switch $kind
        case files
            string join \n -- "$prefix"(complete --do-complete "'' $path")
        case folders
            string join \n -- "$prefix"(__fish_complete_directories $path)
    end
end
complete --command enwrap --no-files --keep-order --arguments '(__enwrap_complete)'
