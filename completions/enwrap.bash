# Completion of enwrap for bash 4.4 and later. enwrap tells what may follow; bash itself completes files.
_enwrap() {
    local word candidate prefix glue=
    local -a words=() answer=()
    # Bash takes '=' and ':' for words of their own: --output-dir=DIR and ARNs are put together again.
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ ${#words[@]} -gt 1 && $word =~ ^[=:]+$ ]]; then
            words[-1]+=$word glue=1
        elif [[ $glue ]]; then
            words[-1]+=$word glue=
        else
            words+=("$word")
        fi
    done
    # What stands before that which bash will replace.
    prefix=${words[-1]%"$2"}
    mapfile -t answer < <(ENWRAP_COMPLETE=bash enwrap -- "${words[@]}" 2> /dev/null)
    COMPREPLY=()
    for candidate in "${answer[@]:1}"; do
        candidate=${candidate%%$'\t'*}
        COMPREPLY+=("${candidate#"$prefix"}")
    done
    case ${answer[0]-} in
        files)
            compopt -o filenames +o nosort
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$2")
            ;;
        folders)
            compopt -o filenames +o nosort
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$2")
            ;;
    esac
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -o nosort -F _enwrap enwrap
