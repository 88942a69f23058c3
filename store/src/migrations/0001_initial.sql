-- Experiments hold traces. Id 0 is MLflow's `Default`, there from the start.
CREATE TABLE experiments (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL UNIQUE,
    artifact_location TEXT    NOT NULL,
    deleted           INTEGER NOT NULL DEFAULT 0,
    created_ms        INTEGER NOT NULL,
    updated_ms        INTEGER NOT NULL
) STRICT;

CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments (id),
    key        TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;

INSERT INTO experiments (id, name, artifact_location, created_ms, updated_ms)
VALUES (0, 'Default', 'mlflow-artifacts:/0',
        CAST(unixepoch('subsec') * 1000 AS INTEGER), CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- One row a trace: the roll-up that lists and searches read. `start_ns` is the earliest span's start (its request is
-- the preview), `end_ns` the latest end (its response and state are the trace's).
CREATE TABLE traces (
    id                 INTEGER PRIMARY KEY,
    trace_id           BLOB    NOT NULL UNIQUE,
    experiment         INTEGER NOT NULL,
    start_ms           INTEGER NOT NULL,
    start_ns           INTEGER NOT NULL,
    end_ns             INTEGER NOT NULL,
    duration_ms        INTEGER NOT NULL,
    state              TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    team               TEXT    NOT NULL,
    key                TEXT    NOT NULL,
    client_request_id  TEXT,
    session            TEXT,
    request_preview    TEXT,
    response_preview   TEXT,
    metadata           TEXT    NOT NULL,
    has_usage          INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    has_cost           INTEGER NOT NULL,
    input_nanos        INTEGER NOT NULL,
    output_nanos       INTEGER NOT NULL
) STRICT;

CREATE INDEX traces_by_time ON traces (experiment, start_ms DESC, trace_id);
CREATE INDEX traces_by_session ON traces (session, start_ms) WHERE session IS NOT NULL;

CREATE TABLE trace_tags (
    trace INTEGER NOT NULL REFERENCES traces (id),
    key   TEXT    NOT NULL,
    value TEXT    NOT NULL,
    PRIMARY KEY (trace, key)
) STRICT, WITHOUT ROWID;

-- The narrow half of a span: all that lists, trees and filters need.
CREATE TABLE spans (
    id            INTEGER PRIMARY KEY,
    trace         INTEGER NOT NULL REFERENCES traces (id),
    span_id       INTEGER NOT NULL,
    parent_id     INTEGER,
    name          TEXT    NOT NULL,
    kind          INTEGER NOT NULL,
    type          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    start_ns      INTEGER NOT NULL,
    end_ns        INTEGER NOT NULL,
    input_tokens  INTEGER,
    output_tokens INTEGER,
    input_nanos   INTEGER,
    output_nanos  INTEGER,
    payload        INTEGER NOT NULL,
    payload_at     INTEGER NOT NULL,
    payload_length INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX spans_by_trace ON spans (trace, span_id);

-- The wide half: zstd over the JSON of all spans of a request, one after the other, with the dictionary named (0:
-- none). A request's attempts mostly repeat its own input and output, which costs nothing in one frame.
CREATE TABLE payloads (
    id         INTEGER PRIMARY KEY,
    dictionary INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;

CREATE TABLE dictionaries (
    id         INTEGER PRIMARY KEY,
    created_ms INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;

-- One row a request, never updated. Request ids begin with their time, so rows are appended.
CREATE TABLE ledger (
    request_id     BLOB    PRIMARY KEY,
    trace_id       BLOB    NOT NULL,
    time_ms        INTEGER NOT NULL,
    key            TEXT    NOT NULL,
    team           TEXT    NOT NULL,
    route          TEXT    NOT NULL,
    provider       TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    status         INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write    INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    audio_input    INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    reasoning      INTEGER NOT NULL,
    audio_output   INTEGER NOT NULL,
    estimated      INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    input_nanos    INTEGER NOT NULL,
    output_nanos   INTEGER NOT NULL,
    total_nanos    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sums of the ledger by hour and what it is asked by.
CREATE TABLE usage_hourly (
    hour          INTEGER NOT NULL,
    key           TEXT    NOT NULL,
    team          TEXT    NOT NULL,
    route         TEXT    NOT NULL,
    provider      TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    requests      INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    input_nanos   INTEGER NOT NULL,
    output_nanos  INTEGER NOT NULL,
    PRIMARY KEY (hour, key, team, route, provider, model)
) STRICT, WITHOUT ROWID;

-- How far a reader of the journal has come; written in the transaction that stores what it read.
CREATE TABLE cursors (
    name     TEXT PRIMARY KEY,
    position BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Virtual keys made by the command line (those of the configuration file are not here).
CREATE TABLE keys (
    name       TEXT    PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,
    last4      TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    team       TEXT    NOT NULL,
    tags       TEXT    NOT NULL,
    routes     TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    limits     TEXT    NOT NULL,
    expires_ms INTEGER,
    enabled    INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Provider credentials, encrypted before they come here.
CREATE TABLE vault (
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    nonce        BLOB    NOT NULL,
    ciphertext   BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    created_ms   INTEGER NOT NULL,
    last_used_ms INTEGER,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- A secret's data key, once for each key-encryption key that opens it.
CREATE TABLE vault_wraps (
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    kek     TEXT    NOT NULL,
    nonce   BLOB    NOT NULL,
    wrapped BLOB    NOT NULL,
    PRIMARY KEY (name, version, kek),
    FOREIGN KEY (name, version) REFERENCES vault (name, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Which key-encryption key each running server uses, and when it last said so.
CREATE TABLE servers_seen (
    server  TEXT    NOT NULL,
    kek     TEXT    NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (server, kek)
) STRICT, WITHOUT ROWID;

-- Counters that a running server polls: `changes` grows with every change of a key or a secret.
CREATE TABLE counters (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, value) VALUES ('changes', 0);
