"""A provider that reports no usage: its answers are counted, marked, and alike on span, ledger and metric."""

import json
import re
import urllib.request

import anthropic
import mlflow
import openai
from checks import KEY, URL, check, equal, run, upstream_log, wait_for

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
mlflow.set_tracking_uri(URL)

# The simulated provider and the tokenizer agree on short words.
TEXT = " ".join(["one two three four five six seven eight nine ten"] * 40)
PAID_IN, PAID_OUT = 1.25, 10
NEAR = 8


def stream(route):
    """Streams an answer; the request's id."""
    raw = client.chat.completions.with_raw_response.create(
        model=route,
        messages=[{"role": "user", "content": f"say exactly: {TEXT}"}],
        stream=True,
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse())
    equal(said, TEXT)
    return raw.headers["x-tollgate-request-id"]


def trace_of(request):
    def look():
        found = mlflow.search_traces(return_type="list", max_results=100)
        return [trace for trace in found if trace.info.client_request_id == request]

    (trace,) = wait_for("the trace", look)
    return trace


def metric(name, **labels):
    request = urllib.request.Request(f"{URL}/metrics", headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        lines = answer.read().decode().splitlines()
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if re.match(rf"{name}\{{", line) and all(pair in line for pair in wanted)
    )


def near(counted, truth):
    assert abs(counted - truth) <= NEAR, f"{counted} is far from {truth}"


@check
def a_stream_without_usage_is_counted_and_marked_on_span_ledger_and_metric():
    # Where the answer is captured, and where it is not.
    for route in ("sim-silent", "sim-silent-private"):
        request = stream(route)
        truth = upstream_log()[-1]["usage"]
        trace = trace_of(request)
        usage = trace.info.token_usage
        near(usage["input_tokens"], truth["prompt_tokens"])
        near(usage["output_tokens"], truth["completion_tokens"])
        for span in trace.data.spans:
            equal(span.attributes.get("tollgate.estimated"), True)
            equal(span.attributes["gen_ai.usage.output_tokens"], usage["output_tokens"])
        cost = json.loads(trace.info.trace_metadata["mlflow.trace.cost"])
        expected = usage["input_tokens"] * PAID_IN + usage["output_tokens"] * PAID_OUT
        assert abs(cost["total_cost"] * 1e6 - expected) < 1e-3, (cost, usage)

        equal(metric("tollgate_tokens_total", route=route, bucket="input"), usage["input_tokens"])
        equal(metric("tollgate_tokens_total", route=route, bucket="output"), usage["output_tokens"])
        equal(metric("tollgate_estimated_requests_total", route=route), 1)
        spent = metric("tollgate_cost_nano_usd_total", route=route)
        assert abs(spent - expected * 1e3) < 1, (spent, expected)


@check
def callers_of_messages_are_counted_as_well():
    messages = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=30).messages
    before = metric("tollgate_tokens_total", route="sim-silent", bucket="output")
    with messages.stream(
        model="sim-silent",
        max_tokens=1000,
        messages=[{"role": "user", "content": f"say exactly: {TEXT}"}],
    ) as events:
        equal("".join(events.text_stream), TEXT)
    truth = upstream_log()[-1]["usage"]["completion_tokens"]
    counted = lambda: metric("tollgate_tokens_total", route="sim-silent", bucket="output") - before
    near(wait_for("the count", counted), truth)


run()
