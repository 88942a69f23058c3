"""A team's own MLflow server, to which Tollgate exports, shows what Tollgate's store shows."""

import json
import os

import mlflow
import openai
from checks import KEY, URL, check, equal, raises, run, wait_for
from mlflow import MlflowClient

SERVER = os.environ["MLFLOW_SERVER_URL"]
ROUTES = ("sim-openai", "sim-anthropic")

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)


def found_at(uri, marker, count):
    """The traces at a tracking server whose request holds the marker, by id."""
    tracking = MlflowClient(tracking_uri=uri)

    def look():
        found = tracking.search_traces(locations=["0"], max_results=100)
        found = [trace for trace in found if trace.data.spans]
        found = {
            trace.info.trace_id: trace
            for trace in found
            if marker in json.dumps(trace.data.spans[0].inputs)
        }
        return found if len(found) >= count else None

    found = wait_for(f"{count} traces of {marker} at {uri}", look)
    equal(len(found), count)
    return found


def cost(trace):
    return json.loads(trace.info.trace_metadata["mlflow.trace.cost"])


@check
def the_servers_own_client_shows_ids_times_inputs_outputs_tokens_and_cost():
    for route in ROUTES:
        for stream in (False, True):
            answer = client.chat.completions.create(
                model=route,
                stream=stream,
                messages=[{"role": "user", "content": "say exactly: export-marker ü"}],
            )
            if stream:
                list(answer)
    ours = found_at(URL, "export-marker", 4)
    theirs = found_at(SERVER, "export-marker", 4)
    equal(set(ours), set(theirs))
    for trace_id, our in ours.items():
        their = theirs[trace_id]
        equal(their.info.state, our.info.state)
        assert their.info.token_usage["input_tokens"] > 0, their.info.token_usage
        equal(their.info.token_usage, our.info.token_usage)
        assert cost(their)["total_cost"] > 0
        for part, amount in cost(our).items():
            assert abs(cost(their)[part] - amount) < 1e-12, (part, cost(their), cost(our))
        equal(len(their.data.spans), len(our.data.spans))
        spans = {span.span_id: span for span in their.data.spans}
        for span in our.data.spans:
            twin = spans[span.span_id]
            equal(
                (twin.name, twin.parent_id, twin.span_type, twin.status.status_code),
                (span.name, span.parent_id, span.span_type, span.status.status_code),
            )
            equal((twin.start_time_ns, twin.end_time_ns), (span.start_time_ns, span.end_time_ns))
            equal((twin.inputs, twin.outputs), (span.inputs, span.outputs))
            assert isinstance(twin.inputs, dict) and isinstance(twin.outputs, dict), twin
            equal(twin.attributes["mlflow.chat.tokenUsage"], span.attributes["mlflow.chat.tokenUsage"])
            equal(twin.attributes["mlflow.llm.cost"], span.attributes["mlflow.llm.cost"])
            equal(twin.attributes["mlflow.llm.model"], span.attributes["mlflow.llm.model"])
        root = their.data.spans[0]
        assert "export-marker ü" in json.dumps(root.outputs, ensure_ascii=False), root.outputs


@check
def a_failed_call_is_in_error_there_too():
    asked = [{"role": "user", "content": "refused-marker"}]
    raises(
        openai.BadRequestError,
        lambda: client.chat.completions.create(model="sim-gpt+fault=400:no", messages=asked),
    )
    (trace,) = found_at(SERVER, "refused-marker", 1).values()
    equal(trace.info.state.value, "ERROR")


@check
def search_traces_gives_a_table():
    mlflow.set_tracking_uri(SERVER)
    table = mlflow.search_traces(locations=["0"])
    assert {"trace_id", "request", "response"} <= set(table.columns), table.columns
    assert len(table) >= 5, table


run()
