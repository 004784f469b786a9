//! A service over real sockets: answers, refusals, bounds, and what a carrier sees.

use counterpart_sealing::SecretKey;
use counterpart_service::{Client, ClientError, Handler, Limits, Server, ServiceError};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Echo(AtomicUsize);

impl Handler for Echo {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        match method {
            "echo" => Ok(parameters),
            "slow" => {
                self.0.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(400));
                Ok(Value::Null)
            }
            "fail" => Err(ServiceError::new("no_luck", "it never works").hint("try echo")),
            "bug" => panic!("a bug of the handler"),
            other => Err(ServiceError::unknown_method(other)),
        }
    }
}

fn server(key: Option<SecretKey>, limits: Limits) -> (Server, Arc<Echo>) {
    let echo = Arc::new(Echo(AtomicUsize::new(0)));
    (Server::start(([127, 0, 0, 1], 0).into(), echo.clone(), key, limits).expect("a free port"), echo)
}

fn refused(result: Result<Value, ClientError>) -> (String, u16) {
    match result {
        Err(ClientError::Refused(error)) => (error.error, error.status),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn calls_are_answered_or_refused_with_a_code() {
    let (server, _) = server(None, Limits::default());
    let client = Client::new(&server.url());
    assert_eq!(client.call("echo", &json!({ "a": [1, 2] })).expect("answered"), json!({ "a": [1, 2] }));
    assert_eq!(refused(client.call("fail", &Value::Null)), ("no_luck".into(), 422));
    assert_eq!(refused(client.call("nothing", &Value::Null)), ("unknown_method".into(), 404));
    assert_eq!(refused(client.call("bug", &Value::Null)), ("bug".into(), 500));
    assert_eq!(client.call("echo", &json!(1)).expect("it goes on after a bug"), json!(1));
    let large = json!("x".repeat(300 * 1024));
    assert_eq!(refused(client.call("echo", &large)), ("too_large".into(), 413));
    assert_eq!(
        client.call("echo", &json!("x".repeat(200 * 1024))).expect("large").as_str().map(str::len),
        Some(204_800)
    );
    let gone = Client::new("http://127.0.0.1:9");
    assert!(matches!(gone.call("echo", &Value::Null), Err(ClientError::Unreachable { .. })));
}

#[test]
fn what_is_no_json_is_refused_and_nothing_breaks() {
    let (server, _) = server(None, Limits::default());
    let send = |text: &str| {
        let mut stream = TcpStream::connect(server.address()).expect("connected");
        stream.write_all(text.as_bytes()).expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let post = |body: &str| {
        let head = "POST /call/echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length:";
        send(&format!("{head} {}\r\n\r\n{body}", body.len()))
    };
    assert!(post("{").starts_with("HTTP/1.1 400"), "{}", post("{"));
    assert!(post("{").contains("bad_request"));
    assert!(post("7").starts_with("HTTP/1.1 200"));
    assert!(send("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert!(send("GET /other HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 404"));
}

#[test]
fn too_many_at_a_time_are_told_to_come_again() {
    let (server, echo) = server(None, Limits { at_a_time: 2, ..Limits::default() });
    let url = server.url();
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..2).map(|_| scope.spawn(|| Client::new(&url).call("slow", &Value::Null))).collect();
        while echo.0.load(Ordering::SeqCst) < 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(refused(Client::new(&url).call("echo", &Value::Null)), ("busy".into(), 503));
        for slow in slow {
            slow.join().expect("no panic").expect("answered");
        }
    });
    assert!(Client::new(&url).call("echo", &json!(1)).is_ok());
}

#[test]
fn sealed_calls_are_opened_by_the_service_alone() {
    let key = SecretKey::from_seed(&[3; 32]);
    let public = key.public_key();
    let (server, _) = server(Some(key), Limits::default());
    assert_eq!(server.key(), Some(public));
    let client = Client::sealed(&server.url(), public);
    assert_eq!(client.call("echo", &json!({ "secret": 7 })).expect("answered"), json!({ "secret": 7 }));
    assert_eq!(refused(client.call("fail", &Value::Null)).0, "no_luck");
    let other = Client::sealed(&server.url(), SecretKey::from_seed(&[4; 32]).public_key());
    assert_eq!(refused(other.call("echo", &Value::Null)).0, "not_opened");
    let plain = Client::new(&server.url());
    assert_eq!(plain.call("echo", &json!(1)).expect("plain calls go on"), json!(1));
    let (bare, _) = self::server(None, Limits::default());
    assert_eq!(refused(Client::sealed(&bare.url(), public).call("echo", &Value::Null)).0, "no_key");
}

#[test]
fn only_this_machine_is_listened_on() {
    let echo = Arc::new(Echo(AtomicUsize::new(0)));
    assert!(Server::start(([0, 0, 0, 0], 0).into(), echo, None, Limits::default()).is_err());
}
