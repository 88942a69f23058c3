-- What a reader of the journal knows of a request that is open for long, so that the journal need not keep its
-- records: those up to `through`, which stands in the same transaction as the reader's cursor.
CREATE TABLE carried (
    reader     TEXT    NOT NULL,
    request_id BLOB    NOT NULL,
    through    BLOB    NOT NULL,
    records    BLOB    NOT NULL,
    PRIMARY KEY (reader, request_id)
) STRICT;
