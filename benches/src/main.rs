//! Tollgate beside a bare hyper proxy and nginx: CPU, latency and memory on the same work.
//!
//! One binary is the mock upstream, the load generator, the bare proxy and the conductor that
//! starts them as processes of their own, each pinned to a core. All traffic is on 127.0.0.1.

mod clock;
mod compare;
mod contestant;
mod drain;
mod failure;
mod figure;
mod http1;
mod idle;
mod load;
mod mock;
mod payload;
mod process;
mod procfs;
mod profile;
mod proxy;
mod report;
mod tollgate;
mod work;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::net::{TcpListener, TcpSocket};

use crate::failure::{Naming as _, Result};

/// Measures Tollgate beside a bare hyper proxy and nginx.
#[derive(Debug, Parser)]
#[command(name = "sidebyside")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure all of them in one run; prints a Markdown table
    Compare(compare::Options),
    /// Measure only how fast the journal is carried into the store
    Drain(drain::Options),
    /// Record one contestant under load with perf
    Profile(profile::Options),
    /// Be the mock upstream
    Mock {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Be the bare hyper proxy
    Proxy {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Be the load generator; prints what it saw as JSON
    Load(load::Load),
    /// Hold idle streams open until standard input ends
    Idle(load::Load),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sidebyside: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Compare(options) => compare::run(&options),
        Command::Drain(options) => drain::run(&options),
        Command::Profile(options) => profile::run(&options),
        Command::Mock { listen } => on_one_thread(async { mock::serve(bind(listen)?).await }),
        Command::Proxy { listen, upstream } => {
            on_one_thread(async { proxy::serve(bind(listen)?, upstream).await })
        }
        Command::Load(load) => on_one_thread(async {
            let seen = load::run(&load).await?;
            println!("{}", serde_json::to_string(&seen)?);
            Ok(())
        }),
        Command::Idle(load) => on_one_thread(idle::hold(&load)),
    }
}

/// A listener with room for a thousand connections at once.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

fn on_one_thread(work: impl Future<Output = io::Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .naming("starting the runtime")?;
    tokio::task::LocalSet::new()
        .block_on(&runtime, work)
        .naming("serving")
}
