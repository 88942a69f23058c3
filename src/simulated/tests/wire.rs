//! What a server can do to a connection and to a pool of them.

use super::super::{Fault, Outcome, serve_stream};
use super::faults::ended;
use super::*;

#[tokio::test]
async fn a_connection_is_hung_up_after_a_good_answer() {
    let served = Served::new().await;
    for stream in [false, true] {
        served.simulator.push_fault(Fault::HangUp);
        let tcp = TcpStream::connect(served.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
        let connection = tokio::spawn(connection);
        let body = with(&hello("gpt-4o"), json!({"stream": stream}));
        let headers = &[("authorization", "Bearer k")];
        let request = Served::request("/v1/chat/completions", headers, &body);
        let response = sender.send_request(request).await.unwrap();
        assert!(!response.headers().contains_key("connection"));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(!body.is_empty());
        connection.await.unwrap().unwrap();
        assert!(sender.is_closed());
        assert_eq!(ended(&served, Outcome::Finished).await.status, Some(200));
    }
}

#[tokio::test]
async fn an_early_answer_does_not_wait_for_the_body() {
    let served = Served::new().await;
    served.simulator.push_fault(Fault::Early(503));
    let large = with(&hello("gpt-4o"), json!({"user": "x".repeat(200_000)}));
    let headers = &[("authorization", "Bearer k")];
    let got = served
        .send(Served::request("/v1/chat/completions", headers, &large))
        .await
        .unwrap();
    assert_eq!(got.status(), 503);
    assert!(served.simulator.log()[0].body.is_empty());
}

#[tokio::test]
async fn the_server_ends_with_all_its_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = Simulator::new();
    let server = tokio::spawn(serve(listener, simulator.clone()));
    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
    let connection = tokio::spawn(connection);
    let headers = &[("authorization", "Bearer k")];
    let body = with(&hello("gpt-4o+fault=stall:2"), json!({"stream": true}));
    let response = sender
        .send_request(Served::request("/v1/chat/completions", headers, &body))
        .await
        .unwrap();
    server.abort();
    assert!(response.into_body().collect().await.is_err());
    assert!(connection.await.unwrap().is_err() || sender.is_closed());
}

#[tokio::test]
async fn any_stream_of_bytes_can_be_served() {
    let (client, server) = tokio::io::duplex(4096);
    let simulator = Simulator::new();
    tokio::spawn(serve_stream(server, simulator.clone()));
    let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
    tokio::spawn(connection);
    let headers = &[("authorization", "Bearer k")];
    let request = Served::request("/v1/chat/completions", headers, &hello("gpt-4o"));
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    assert!(simulator.now_ms() >= simulator.log()[0].at_ms);
}

#[tokio::test]
async fn many_streams_run_at_once() {
    let served = std::sync::Arc::new(Served::new().await);
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let served = std::sync::Arc::clone(&served);
            tokio::spawn(async move {
                let body = with(&hello("gpt-4o+fault=pace:4,1"), json!({"stream": true}));
                served.chat(body).await.text().ends_with("data: [DONE]\n\n")
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(served.simulator.log().len(), 200);
}

#[tokio::test]
async fn an_embedded_server_keeps_nothing_and_takes_no_orders() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = Simulator::embedded();
    tokio::spawn(serve(listener, simulator.clone()));
    let served = Served { simulator, address };
    assert_eq!(served.chat(hello("sim-openai")).await.status, 200);
    assert!(served.simulator.log().is_empty());
    let control = Served::request("/sim/faults", &[], &json!({"next": ["500"]}));
    assert_eq!(served.got(control).await.status, 404);
}
