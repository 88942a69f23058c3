"""What the README promises of a first start."""

import json
import urllib.request

import anthropic
import mlflow
import openai
from checks import KEY, URL, check, equal, run, wait_for

ROUTES = ("sim-openai", "sim-anthropic")


@check
def openai_streams_from_both_routes():
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
    for route in ROUTES:
        stream = client.chat.completions.create(
            model=route, messages=[{"role": "user", "content": "say exactly: hello"}], stream=True
        )
        equal("".join(c.choices[0].delta.content or "" for c in stream if c.choices), "hello")


@check
def anthropic_answers_on_both_routes():
    client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=30)
    for route in ROUTES:
        message = client.messages.create(
            model=route,
            max_tokens=100,
            messages=[{"role": "user", "content": "say exactly: hello"}],
        )
        equal(message.content[-1].text, "hello")


@check
def mlflow_shows_all_calls_with_tokens_and_cost():
    mlflow.set_tracking_uri(URL)
    found = wait_for(
        "four traces",
        lambda: (
            traces
            if len(traces := mlflow.search_traces(return_type="list")) == 4
            else None
        ),
    )
    for trace in found:
        assert trace.info.token_usage["total_tokens"] > 0, trace.info
        cost = json.loads(trace.info.trace_metadata["mlflow.trace.cost"])
        assert cost["total_cost"] > 0, cost
        assert trace.data.spans[0].inputs and trace.data.spans[0].outputs


@check
def metrics_show_the_cost():
    text = urllib.request.urlopen(f"{URL}/metrics").read().decode()
    assert "tollgate_cost" in text, text


run()
