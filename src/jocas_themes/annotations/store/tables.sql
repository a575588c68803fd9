-- The form 2 of an annotation store. Times are UTC, money is US dollars.

-- Replies are only ever added. Money is counted by triggers, so that the totals can never
-- disagree with the rows, whatever wrote them.

CREATE TABLE messages (
    digest TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    content TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE replies (
    reply_id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    vote INTEGER NOT NULL,
    replay TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    taxonomy_fingerprint TEXT NOT NULL,
    parameters TEXT NOT NULL,
    left_out TEXT NOT NULL DEFAULT '',
    messages TEXT NOT NULL,
    status TEXT NOT NULL,
    raw TEXT NOT NULL,
    request_id TEXT,
    prompt_tokens INTEGER,
    cached_tokens INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens INTEGER,
    cost_usd REAL,
    duration_s REAL,
    batch_id TEXT,
    received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX replies_by_key ON replies (key, attempt);
CREATE TABLE askers (
    asker_id TEXT PRIMARY KEY,
    started_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;
CREATE TABLE claims (
    key TEXT PRIMARY KEY,
    asker_id TEXT NOT NULL,
    reserved_usd REAL NOT NULL,
    claimed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;
CREATE INDEX claims_by_asker ON claims (asker_id);
CREATE TABLE losses (
    loss_id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    cost_usd REAL NOT NULL,
    reason TEXT NOT NULL,
    lost_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE TABLE batches (
    batch_id TEXT PRIMARY KEY,
    remote_id TEXT,
    server TEXT NOT NULL,
    model TEXT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    n_requests INTEGER NOT NULL,
    price TEXT,
    input_file_id TEXT,
    submitted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    collected_at TEXT
);
CREATE TABLE batch_requests (
    batch_id TEXT NOT NULL,
    key TEXT NOT NULL,
    question TEXT NOT NULL,
    PRIMARY KEY (batch_id, key)
) WITHOUT ROWID;
CREATE TABLE decisions (
    decision_id INTEGER PRIMARY KEY,
    text_digest TEXT NOT NULL,
    text TEXT NOT NULL,
    offer_id TEXT,
    theme TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label IN (0, 1)),
    reviewer TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    evidence TEXT,
    comment TEXT,
    source TEXT NOT NULL,
    withdrawn_at TEXT
);
CREATE INDEX decisions_by_text ON decisions (text_digest, theme);
CREATE TABLE totals (name TEXT PRIMARY KEY, usd REAL NOT NULL) WITHOUT ROWID;
INSERT INTO totals VALUES ('spent', 0), ('lost', 0), ('claimed', 0);
CREATE TRIGGER spend AFTER INSERT ON replies WHEN new.cost_usd IS NOT NULL BEGIN
    UPDATE totals SET usd = usd + new.cost_usd WHERE name = 'spent'; END;
CREATE TRIGGER price AFTER UPDATE OF cost_usd ON replies
    WHEN old.cost_usd IS NULL AND new.cost_usd IS NOT NULL BEGIN
    UPDATE totals SET usd = usd + new.cost_usd WHERE name = 'spent'; END;
CREATE TRIGGER lose AFTER INSERT ON losses BEGIN
    UPDATE totals SET usd = usd + new.cost_usd WHERE name = 'lost'; END;
CREATE TRIGGER claim AFTER INSERT ON claims BEGIN
    UPDATE totals SET usd = usd + new.reserved_usd WHERE name = 'claimed'; END;
CREATE TRIGGER unclaim AFTER DELETE ON claims BEGIN
    UPDATE totals SET usd = CASE WHEN EXISTS (SELECT 1 FROM claims)
        THEN usd - old.reserved_usd ELSE 0 END WHERE name = 'claimed'; END;
