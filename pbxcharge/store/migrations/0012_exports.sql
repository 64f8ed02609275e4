-- Records that were handed to other systems, so that each is handed over once.

-- name: export_file
-- purpose: the files of each stream of records, numbered without a gap; how far into the table of records
--   the file reached, so that the next one goes on from there.
CREATE TABLE export_file (
    stream TEXT NOT NULL CHECK (stream <> ''),
    number INTEGER NOT NULL CHECK (number >= 1),
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    last_seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    through_row INTEGER NOT NULL,
    through_call_id TEXT,
    PRIMARY KEY (stream, number),
    CHECK (last_seq >= first_seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER export_file_in_order BEFORE INSERT ON export_file
WHEN NEW.number <> 1 + (SELECT count(*) FROM export_file WHERE stream = NEW.stream)
BEGIN
    SELECT RAISE(ABORT, 'files of a stream are counted up');
END;
CREATE TRIGGER export_file_never_changed BEFORE UPDATE ON export_file
BEGIN
    SELECT RAISE(ABORT, 'exports are only added to');
END;
CREATE TRIGGER export_file_never_deleted BEFORE DELETE ON export_file
BEGIN
    SELECT RAISE(ABORT, 'exports are only added to');
END;

-- name: exported
-- purpose: which record, as which revision, has which sequence number in a stream.
CREATE TABLE exported (
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    call_id TEXT NOT NULL REFERENCES cdr (call_id),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    PRIMARY KEY (stream, seq),
    UNIQUE (stream, call_id, revision)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER exported_never_changed BEFORE UPDATE ON exported
BEGIN
    SELECT RAISE(ABORT, 'exports are only added to');
END;
CREATE TRIGGER exported_never_deleted BEFORE DELETE ON exported
BEGIN
    SELECT RAISE(ABORT, 'exports are only added to');
END;

-- name: export_written
-- purpose: files that lie where they were wanted; one that is not here is written again, the same.
CREATE TABLE export_written (
    stream TEXT NOT NULL,
    number INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL CHECK (actor <> ''),
    PRIMARY KEY (stream, number),
    FOREIGN KEY (stream, number) REFERENCES export_file (stream, number)
) STRICT, WITHOUT ROWID;
