//! Programs that keep credentials: `docker-credential-NAME get`, the host on its standard input,
//! JSON on its standard output.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tracing::debug;

use crate::error::clean;
use crate::{Credentials, Error};

/// Longest run of a helper. Those that ask a cloud for a token take about a second.
const LONGEST_RUN: Duration = Duration::from_secs(10);
/// Longest output of a helper.
const MAX_OUTPUT: u64 = 64 * 1024;
/// How often the end of a helper that has closed its output is looked for.
const POLL: Duration = Duration::from_millis(10);

/// The user name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";
/// What every helper prints when it does not know the host.
const NOT_FOUND: &str = "credentials not found";

/// Asks a helper; `None` if it has nothing for the host.
pub(super) fn get(name: &str, host: &str) -> Result<Option<Credentials>, Error> {
    let helper = format!("docker-credential-{name}");
    // The name comes from a file; with a slash it would be a path to any program.
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    {
        let reason = "has a name that is not one of a program";
        return Err(failure(&helper, host, reason.to_owned()));
    }
    ask(&helper, host, LONGEST_RUN)
}

fn ask(helper: &str, host: &str, longest: Duration) -> Result<Option<Credentials>, Error> {
    debug!(helper, host, "asking credential helper");
    let (status, output) =
        run(helper, host, longest).map_err(|reason| failure(helper, host, reason))?;
    if !status.success() {
        // On failure the output is the message.
        let message = clean(String::from_utf8_lossy(&output).trim());
        if message.contains(NOT_FOUND) {
            return Ok(None);
        }
        return Err(failure(
            helper,
            host,
            format!("failed ({status}): {message}"),
        ));
    }
    read_answer(&output).map_err(|reason| failure(helper, host, reason.to_owned()))
}

fn failure(helper: &str, registry: &str, reason: String) -> Error {
    Error::CredentialHelper {
        helper: clean(helper),
        registry: registry.to_owned(),
        reason,
    }
}

fn run(helper: &str, host: &str, longest: Duration) -> Result<(ExitStatus, Vec<u8>), String> {
    let mut child = Command::new(helper)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => "is named in the configuration and not installed".to_owned(),
            _ => format!("cannot be started: {error}"),
        })?;
    let result = talk(&mut child, host, longest);
    if result.is_err() {
        // Killing what has ended meanwhile fails, and that is fine.
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

fn talk(child: &mut Child, host: &str, longest: Duration) -> Result<(ExitStatus, Vec<u8>), String> {
    let too_long = || format!("did not end within {longest:?}");
    let deadline = Instant::now() + longest;
    if let Some(mut input) = child.stdin.take() {
        // A host fits the pipe's buffer. One that closes its input without reading may still
        // answer, so a failure here is not yet one.
        let _ = writeln!(input, "{host}");
    }
    let output = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // Not joined: a child of the helper may hold the pipe open for ever.
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|pipe| pipe.take(MAX_OUTPUT + 1).read_to_end(&mut bytes));
        let _ = sender.send(read.transpose().map(|_| bytes));
    });
    let bytes = match receiver.recv_timeout(longest) {
        Ok(read) => read.map_err(|error| format!("cannot be read: {error}"))?,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(too_long()),
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_OUTPUT {
        return Err(format!("printed more than {MAX_OUTPUT} bytes"));
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok((status, bytes)),
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            Ok(None) => return Err(too_long()),
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

fn read_answer(output: &[u8]) -> Result<Option<Credentials>, &'static str> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    // The message of serde_json is left out: it may repeat the secret.
    let answer: Answer = serde_json::from_slice(output)
        .map_err(|_| "printed something other than a user name and a secret")?;
    if answer.secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(if answer.username == TOKEN_USER {
        Credentials::IdentityToken(answer.secret.into())
    } else {
        Credentials::Basic {
            username: answer.username,
            password: answer.secret.into(),
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn answers_are_read() {
        let basic = |username: &str, password: &str| {
            Ok(Some(Credentials::Basic {
                username: username.to_owned(),
                password: password.into(),
            }))
        };
        for (output, expected) in [
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"s"}"#,
                basic("u", "s"),
            ),
            (
                r#"{"ServerURL":"h","Username":"<token>","Secret":"s"}"#,
                Ok(Some(Credentials::IdentityToken("s".into()))),
            ),
            (r#"{"Username":"","Secret":""}"#, Ok(None)),
        ] {
            assert_eq!(read_answer(output.as_bytes()), expected, "{output}");
        }
        assert!(read_answer(b"").is_err());
        assert!(read_answer(br#"{"Username":"u"}"#).is_err());
    }

    #[test]
    fn a_missing_helper_is_named() {
        let error = get("clair-has-no-such-helper", "ghcr.io").unwrap_err();
        assert_eq!(
            error.to_string(),
            "credential helper docker-credential-clair-has-no-such-helper for ghcr.io \
             is named in the configuration and not installed"
        );
    }

    #[test]
    fn a_name_that_is_a_path_runs_nothing() {
        let error = get("x/../../../bin/true", "ghcr.io").unwrap_err();
        assert!(
            error.to_string().contains("not one of a program"),
            "{error}"
        );
    }

    /// Runs a shell script as a helper.
    fn ask_script(script: &str, longest: Duration) -> Result<Option<Credentials>, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("helper");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        loop {
            match ask(path.to_str().unwrap(), "ghcr.io", longest) {
                // Another test's child was started while the script was open for writing.
                Err(error) if error.to_string().contains("Text file busy") => thread::sleep(POLL),
                result => return result,
            }
        }
    }

    #[test]
    fn a_helper_gets_the_host_and_gives_the_credentials() {
        let script = r#"test "$1" = get || exit 1
            read host
            echo "{\"ServerURL\":\"$host\",\"Username\":\"u\",\"Secret\":\"for $host\"}""#;
        let credentials = ask_script(script, LONGEST_RUN).unwrap();
        let expected = Credentials::Basic {
            username: "u".to_owned(),
            password: "for ghcr.io".into(),
        };
        assert_eq!(credentials, Some(expected));
    }

    #[test]
    fn a_helper_that_knows_nothing_is_no_failure() {
        let script = "echo credentials not found in native keychain; exit 1";
        assert_eq!(ask_script(script, LONGEST_RUN).unwrap(), None);
    }

    #[test]
    fn a_helper_that_fails_hangs_or_babbles_is_an_error() {
        let short = Duration::from_millis(300);
        let started = Instant::now();
        for (script, longest, reason) in [
            (
                "echo locked; exit 3",
                LONGEST_RUN,
                "exit status: 3): locked",
            ),
            (
                "echo hunter2",
                LONGEST_RUN,
                "something other than a user name",
            ),
            ("exec sleep 60", short, "did not end within"),
            // The pipe outlives the helper.
            ("sleep 20 & exit 0", short, "did not end within"),
            // The helper outlives the pipe.
            ("exec >&-; exec sleep 60", short, "did not end within"),
            ("exec yes", LONGEST_RUN, "printed more than"),
        ] {
            let error = ask_script(script, longest).unwrap_err().to_string();
            assert!(error.contains(reason), "{script}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(started.elapsed() < Duration::from_secs(15));
    }
}
