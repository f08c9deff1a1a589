
set edit:completion:arg-completer[enwrap] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) ENWRAP_COMPLETE="elvish" enwrap -- $@words) | to-lines
}

