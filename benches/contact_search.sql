-- How long a page of a search for contacts takes, and its count: docs/measured.md, "Searches for
-- contacts by values". Run it on a migrated database of its own:
--
--     createdb contact_search
--     cargo run -- migrate --database-url postgres://postgres@127.0.0.1/contact_search
--     psql -f benches/contact_search.sql postgres://postgres@127.0.0.1/contact_search
--
-- The statements are those of src/store/contact/pages.rs. Foreign keys are off: only contacts are
-- read.
\set QUIET on
SET session_replication_role = replica;
INSERT INTO contacts (account_id, list_id, id, number, country_code, fields, created_at)
SELECT '00000000-0000-0000-0000-000000000001',
       ('00000000-0000-0000-0000-00000000000' || list)::uuid,
       gen_random_uuid(), 393330000000 + row, 'IT',
       json_build_object('firstName', 'Giulia ' || row, 'city', 'Milano', 'points', row % 500,
           'code', md5(row::text))::text,
       0
FROM generate_series(1, 3) AS list, generate_series(1, 200000) AS row;
VACUUM ANALYZE contacts;
SET enable_seqscan = off;
PREPARE page(text) AS
SELECT id, number, country_code, fields FROM contacts
WHERE account_id = '00000000-0000-0000-0000-000000000001'
  AND list_id = '00000000-0000-0000-0000-000000000002'
  AND fields ~ $1
  AND EXISTS (SELECT 1 FROM json_each_text(CAST(fields AS json)) AS field WHERE field.value ~ $1)
ORDER BY id DESC LIMIT 51;
PREPARE everything(text) AS
SELECT count(*) FROM contacts
WHERE account_id = '00000000-0000-0000-0000-000000000001'
  AND list_id = '00000000-0000-0000-0000-000000000002'
  AND fields ~ $1
  AND EXISTS (SELECT 1 FROM json_each_text(CAST(fields AS json)) AS field WHERE field.value ~ $1);
\set QUIET off
\echo
\echo A word that no contact has, page and count:
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE page('[Zz][Zz][Zz]');
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE everything('[Zz][Zz][Zz]');
\echo
\echo A word that every contact has, page and count:
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE page('[Gg][Ii][Uu][Ll][Ii][Aa]');
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE everything('[Gg][Ii][Uu][Ll][Ii][Aa]');
