//! Commands as a shell takes them. The exporter never runs one.

use std::borrow::Cow;

use crate::assess::assessment::Command;

/// The command on one line, ready to be pasted into a shell.
#[must_use]
pub fn command(command: &Command) -> String {
    match command {
        Command::DeletePod { namespace, pod } => delete_pods(namespace, &[pod]),
        Command::RollBack { namespace, release, revision, timeout_seconds, then_delete } => {
            let roll_back = format!(
                "helm rollback {} {revision} -n {} --timeout {timeout_seconds}s",
                quoted(release),
                quoted(namespace)
            );
            if then_delete.is_empty() {
                return roll_back;
            }
            let pods: Vec<&str> = then_delete.iter().map(|pod| &**pod).collect();
            format!("{roll_back} && {}", delete_pods(namespace, &pods))
        }
        Command::Uninstall { namespace, release } => {
            format!("helm uninstall {} -n {}", quoted(release), quoted(namespace))
        }
    }
}

fn delete_pods(namespace: &str, pods: &[impl AsRef<str>]) -> String {
    let mut line = format!("kubectl -n {} delete pod", quoted(namespace));
    for pod in pods {
        line.push(' ');
        line.push_str(&quoted(pod.as_ref()));
    }
    line
}

/// A word that a POSIX shell reads as it stands. Names of Kubernetes need no quotes; others must not become commands.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::Name;

    #[test]
    fn commands_can_be_pasted() {
        let name = |text: &str| -> Name { text.into() };
        let roll_back = |then_delete: Vec<Name>| Command::RollBack {
            namespace: name("gim"),
            release: name("gim"),
            revision: 3,
            timeout_seconds: 900,
            then_delete,
        };
        let cases = [
            (Command::DeletePod { namespace: name("gim"), pod: name("gim-0") }, "kubectl -n gim delete pod gim-0"),
            (roll_back(vec![]), "helm rollback gim 3 -n gim --timeout 900s"),
            (
                roll_back(vec![name("gim-0"), name("gim-1")]),
                "helm rollback gim 3 -n gim --timeout 900s && kubectl -n gim delete pod gim-0 gim-1",
            ),
            (Command::Uninstall { namespace: name("gim"), release: name("gim") }, "helm uninstall gim -n gim"),
            (
                Command::DeletePod { namespace: name(""), pod: name("a b'; rm -rf / #") },
                r"kubectl -n '' delete pod 'a b'\''; rm -rf / #'",
            ),
            (Command::Uninstall { namespace: name("$(x)\n"), release: name("é") }, "helm uninstall 'é' -n '$(x)\n'"),
        ];
        for (case, expected) in cases {
            assert_eq!(command(&case), expected);
        }
    }
}
