-- From form 1, which kept one reply a key, and no messages, attempts or costs. The new tables
-- are made before.

INSERT INTO replies (key, attempt, vote, replay, offer_id, model, prompt_version,
    taxonomy_fingerprint, parameters, messages, status, raw, prompt_tokens, completion_tokens,
    duration_s, received_at)
SELECT key, 0, 0, '', offer_id, model, prompt_version, taxonomy_fingerprint, parameters, '[]',
    status, raw, prompt_tokens, completion_tokens, duration_s, received_at
FROM replies_1 ORDER BY received_at, key;
DROP TABLE replies_1;
