//! The names of variables: what a name is, and which ones a file may not set unasked.

/// Names that change which program runs, what a program loads, or where it looks for its settings, so that whoever
/// can change the encrypted file could run code of their own.
const DANGEROUS: &[&str] = &[
    // The shell and the C library.
    "PATH",
    "IFS",
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "CDPATH",
    "GLOBIGNORE",
    "ZDOTDIR",
    "SHELL",
    "HOME",
    "TMPDIR",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "HOSTALIASES",
    "RESOLV_HOST_CONF",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TERMCAP",
    "MALLOC_CONF",
    "KSH_ENV",
    "INPUTRC",
    "XDG_CONFIG_HOME",
    "GTK_MODULES",
    "QT_PLUGIN_PATH",
    // Programs that are started, and settings of others that start some.
    "TAR_OPTIONS",
    "RSYNC_RSH",
    "SVN_SSH",
    "CVS_RSH",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "KUBECONFIG",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "DOCKER_CONFIG",
    "CURL_HOME",
    "WGETRC",
    "RIPGREP_CONFIG_PATH",
    "VIMINIT",
    "EXINIT",
    "LESS",
    "LESSKEY",
    // Programs that are started to edit and to show.
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "BROWSER",
    "LESSOPEN",
    "LESSCLOSE",
    // Interpreters.
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "PERL5OPT",
    "PERL5LIB",
    "PERLLIB",
    "PERL5DB",
    "RUBYOPT",
    "RUBYLIB",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "CLASSPATH",
    "LUA_INIT",
    "LUA_PATH",
    "LUA_CPATH",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "R_PROFILE",
    "R_ENVIRON",
    "DOTNET_STARTUP_HOOKS",
    "CORECLR_PROFILER",
    "ERL_FLAGS",
    "ERL_AFLAGS",
    "GEM_PATH",
    "GEM_HOME",
    "BUNDLE_GEMFILE",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "KRB5_CONFIG",
    // Tools of a build.
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "MAKEFLAGS",
    "MAKEFILES",
    "CC",
    "CXX",
    "GCC_EXEC_PREFIX",
    "COMPILER_PATH",
    "GOFLAGS",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
];

/// What dangerous names begin with.
const DANGEROUS_BEGINNINGS: &[&str] = &[
    "ENWRAP_",
    "LD_",
    "DYLD_",
    "PYTHON",
    "GIT_",
    "BASH_FUNC_",
    "CARGO_",
    "NPM_CONFIG_",
    "PIP_",
    "ANSIBLE_",
    "TF_CLI_",
    "GLIBC_",
];

/// Whether a text is a name that a shell can use: letters, digits and `_`, and no digit first.
pub(crate) fn is_name(text: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().first().is_some_and(is_first)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a file may set a name only if the caller allows it.
pub(crate) fn is_dangerous(name: &str) -> bool {
    // npm and others read their names in any case.
    let name = name.to_ascii_uppercase();
    DANGEROUS.contains(&name.as_str())
        || DANGEROUS_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_shell_can_use() {
        assert!(["A", "_", "a1_B"].into_iter().all(is_name));
        assert!(!["", "1A", "A-B", "A.B", "A B", "\u{c4}", "A=", "A\n"].into_iter().any(is_name));
    }

    #[test]
    fn names_that_run_code_are_dangerous() {
        for name in [
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "GIT_SSH_COMMAND",
            "PYTHONPATH",
            "PATH",
            "nPm_config_x",
        ] {
            assert!(is_dangerous(name), "{name}");
        }
        assert!(
            !["DATABASE_URL", "OLD_PATH", "PATHS", "GITHUB_TOKEN"].into_iter().any(is_dangerous)
        );
    }
}
