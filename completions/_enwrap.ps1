# Completion of enwrap for PowerShell 7. enwrap tells what may follow; PowerShell itself completes files.
Register-ArgumentCompleter -Native -CommandName enwrap -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words as they were typed: nothing in them is evaluated.
    $words = @(
        foreach ($element in $commandAst.CommandElements) {
            if ($element.Extent.StartOffset -lt $cursorPosition) {
                if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                    $element.Value
                } else {
                    $element.Extent.Text
                }
            }
        }
    )
    if ($wordToComplete -eq '') {
        $words += ''
    }
    $before = $env:ENWRAP_COMPLETE
    $env:ENWRAP_COMPLETE = 'powershell'
    try {
        $answer = @(& enwrap -- @words 2> $null)
    } finally {
        $env:ENWRAP_COMPLETE = $before
    }
    $answer | Select-Object -Skip 1 | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) {
            $help = $value
        }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
