use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::*;

const ANY_PORTS: [&str; 6] = ["--issuer-port", "0", "--api-port", "0", "--app-port", "0"];

fn program(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_demo-provider"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn ends(mut child: Child) -> (i32, String) {
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .await
        .unwrap();
    (child.wait().await.unwrap().code().unwrap(), text)
}

#[tokio::test]
async fn it_serves_says_where_and_ends_when_told() {
    let mut arguments = vec![
        "serve",
        "--access-token-seconds",
        "7",
        "--require-par",
        "--issuer-nonces",
        "required",
        "--api-nonces",
        "rotating",
        "--dpop",
        "unadvertised",
        "--vault-max-age-seconds",
        "9",
    ];
    arguments.extend(ANY_PORTS);
    let mut child = program(&arguments);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["app"], Value::Null);
    let issuer = ready["issuer"].as_str().unwrap().to_owned();
    let document = get(&format!("{issuer}/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(document["issuer"], issuer);

    let mut rest = String::new();
    while !rest.contains("Ctrl-C") {
        rest += &lines.next_line().await.unwrap().unwrap();
    }
    for user in demo_provider::DEMO_USERS {
        assert!(rest.contains(user.username) && rest.contains(user.password));
    }
    let controls = http()
        .get(format!("{issuer}/demo/controls"))
        .header("origin", APP);
    let shown = Reply::read(controls.send().await.unwrap()).await.json();
    assert_eq!(shown["access_token_seconds"], 7);
    let policy = &shown["policy"];
    assert_eq!(policy["require_par"], true);
    assert_eq!(policy["issuer_nonces"], "required");
    assert_eq!(policy["api_nonces"], "rotating");
    assert_eq!(policy["dpop"], "unadvertised");
    assert_eq!(policy["vault_max_age_seconds"], 9);
    assert_eq!(policy["show_one_time_code"], true);

    let pid = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert!(http().get(&issuer).send().await.is_err());
}

#[tokio::test]
async fn a_taken_port_and_a_missing_app_are_told() {
    let demo = start().await;
    let port = demo.issuer().rsplit(':').next().unwrap();
    let taken = program(&[
        "serve",
        "--issuer-port",
        port,
        "--api-port",
        "0",
        "--app-port",
        "0",
    ]);
    let (code, text) = ends(taken).await;
    assert_eq!(code, 1);
    assert!(text.contains(&format!("port {port} is taken")), "{text}");

    let mut arguments = vec!["serve", "--app-dir", "/nowhere/at/all"];
    arguments.extend(ANY_PORTS);
    let (code, text) = ends(program(&arguments)).await;
    assert_eq!(code, 1);
    assert!(text.contains("/nowhere/at/all/index.html"), "{text}");
}

#[tokio::test]
async fn a_policy_that_makes_no_sense_is_told() {
    let mut arguments = vec!["serve", "--no-par", "--require-par"];
    arguments.extend(ANY_PORTS);
    let (code, text) = ends(program(&arguments)).await;
    assert_eq!(code, 1);
    assert!(text.contains("require_par needs par"), "{text}");
}

#[tokio::test]
async fn wrong_arguments_are_told_with_the_help() {
    for arguments in [
        vec!["serve", "--unheard-of"],
        vec!["serve", "--issuer-port", "many"],
        vec!["serve", "--issuer-port"],
        vec!["serve", "--api-nonces", "perhaps"],
        vec!["serve", "more"],
        vec!["dance"],
    ] {
        let (code, text) = ends(program(&arguments)).await;
        assert_eq!(code, 2, "{arguments:?}");
        assert!(text.contains("Usage: demo-provider serve"), "{text}");
    }
    let output = program(&["--help"]).wait_with_output().await.unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("--listen-on-all-interfaces")
    );
}
