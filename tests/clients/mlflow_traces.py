"""MLflow's own client finds what went through the gateway."""

import json
import urllib.request

import mlflow
import openai
from checks import KEY, URL, check, equal, run, upstream_log, wait_for

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
PRICES = {"sim-openai": (1.25, 10), "sim-anthropic": (3, 15)}
ROUTES = tuple(PRICES)

mlflow.set_tracking_uri(URL)


def call(route, text, **more):
    return client.chat.completions.create(
        model=route, messages=[{"role": "user", "content": f"say exactly: {text}"}], **more
    )


def traces(marker, count):
    """The traces whose request holds the marker, once all of them are in the store."""

    def look():
        found = mlflow.search_traces(return_type="list", max_results=100)
        found = [trace for trace in found if marker in json.dumps(trace.data.spans[0].inputs)]
        return found if len(found) >= count else None

    found = wait_for(f"{count} traces of {marker}", look)
    equal(len(found), count)
    return found


def root_of(trace):
    return next(span for span in trace.data.spans if span.parent_id is None)


@check
def search_traces_shows_both_calls_with_inputs_outputs_tokens_and_cost():
    for route in ROUTES:
        list(call(route, f"streamed-marker {route}", stream=True))
    for trace in traces("streamed-marker", 2):
        root = root_of(trace)
        route = root.inputs["model"]
        equal(root.name, f"chat {route}")
        assert f"streamed-marker {route}" in json.dumps(root.outputs), root.outputs
        equal(trace.info.state.value, "OK")
        usage = trace.info.token_usage
        assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0, usage
        equal(usage["total_tokens"], usage["input_tokens"] + usage["output_tokens"])
        cost = json.loads(trace.info.trace_metadata["mlflow.trace.cost"])
        paid_in, paid_out = PRICES[route]
        expected = (usage["input_tokens"] * paid_in, usage["output_tokens"] * paid_out)
        assert abs(cost["input_cost"] * 1e6 - expected[0]) < 1e-3, (cost, usage)
        assert abs(cost["output_cost"] * 1e6 - expected[1]) < 1e-3, (cost, usage)
        assert abs(cost["total_cost"] - cost["input_cost"] - cost["output_cost"]) < 1e-12


@check
def a_trace_has_a_child_for_each_attempt():
    call("sim-fallback", "fallback-marker")
    (trace,) = traces("fallback-marker", 1)
    root = root_of(trace)
    children = [span for span in trace.data.spans if span.parent_id == root.span_id]
    equal(len(children), 2)
    equal(sum(span.status.status_code.value == "ERROR" for span in children), 1)


@check
def a_failed_call_is_a_trace_in_error():
    try:
        call("sim-gpt+fault=400:no", "failed-marker")
    except openai.BadRequestError:
        pass
    (trace,) = traces("failed-marker", 1)
    equal(trace.info.state.value, "ERROR")


@check
def the_callers_trace_is_continued():
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    call(
        "sim-openai",
        "parent-marker",
        extra_headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
    )
    found = wait_for(
        "the caller's trace",
        lambda: [
            trace
            for trace in mlflow.search_traces(return_type="list", max_results=100)
            if trace.info.trace_id == f"tr-{trace_id}"
        ],
    )
    equal(len(found), 1)
    assert "parent-marker" in found[0].info.request_preview, found[0].info


@check
def get_trace_and_search_experiments_answer():
    call("sim-openai", "single-marker")
    (trace,) = traces("single-marker", 1)
    again = mlflow.get_trace(trace.info.trace_id)
    equal(len(again.data.spans), len(trace.data.spans))
    names = {experiment.experiment_id for experiment in mlflow.search_experiments()}
    assert "0" in names, names


@check
def search_traces_gives_a_table_and_takes_a_filter():
    call("sim-openai", "table-marker")
    traces("table-marker", 1)
    table = mlflow.search_traces()
    assert {"trace_id", "request", "response"} <= set(table.columns), table.columns
    good = mlflow.search_traces(return_type="list", filter_string="trace.status = 'OK'")
    bad = mlflow.search_traces(return_type="list", filter_string="trace.status = 'ERROR'")
    assert good and all(trace.info.state.value == "OK" for trace in good)
    assert bad and all(trace.info.state.value == "ERROR" for trace in bad)


@check
def metrics_count_the_same_money():
    wait = wait_for(
        "every call in the store",
        lambda: len(mlflow.search_traces(return_type="list", max_results=500)) or None,
    )
    assert wait
    request = urllib.request.Request(f"{URL}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    text = urllib.request.urlopen(request).read().decode()
    total = sum(
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("tollgate_cost") and not line.startswith("tollgate_cost_unpriced")
    )
    assert total > 0, [line for line in text.splitlines() if "cost" in line]
    assert upstream_log()


run()
