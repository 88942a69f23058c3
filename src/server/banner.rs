//! What a start prints: where it is, which key opens it, and a line to copy.

use std::net::SocketAddr;

pub fn print(listen: SocketAddr, is_tls: bool, quickstart: Option<&str>, model: Option<&str>) {
    let scheme = if is_tls { "https" } else { "http" };
    let base = format!("{scheme}://{listen}");
    println!("Tollgate {} listens on {base}", env!("CARGO_PKG_VERSION"));
    let (Some(key), Some(model)) = (quickstart, model) else {
        return;
    };
    println!(
        "
  base URL  {base}/v1
  key       {key}

Try it:

  curl {base}/v1/chat/completions -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'

  python3 -c 'from openai import OpenAI; c = OpenAI(base_url=\"{base}/v1\", api_key=\"{key}\"); \\
    [print(p.choices[0].delta.content or \"\", end=\"\") for p in c.chat.completions.create(model=\"{model}\", \\
    messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}], stream=True) if p.choices]'

Traces: MLFLOW_TRACKING_URI={base} python3 -c 'import mlflow; print(mlflow.search_traces())'
"
    );
}
