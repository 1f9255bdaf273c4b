"""DuckDB and ClickHouse (chdb) group the raw rows of one account by list and day: the work that sums by day
save. `peers.py ROWS TOTAL`: the account's rows, and those of all accounts in the table."""

import statistics
import sys
import time

ROWS, TOTAL = int(sys.argv[1]), int(sys.argv[2])
YEAR = 365 * 86_400_000_000
STEP = YEAR // max(ROWS, 1)
GROUP = ("SELECT list, {day} AS day, count(*), sum(recipients), sum(segments), sum(units) "
         "FROM messages WHERE account = 0 AND sent_at >= 0 AND sent_at < {year} GROUP BY list, day")
ROW = ("{n} % {accounts} AS account, ({n} // {accounts}) * {step} AS sent_at, ({n} * 7) % 200 AS list, "
       "1 + {n} % 500 AS recipients, 1 + {n} % 500 AS segments, (1 + {n} % 500) * 10000 AS units")
ACCOUNTS = max(TOTAL // max(ROWS, 1), 1)


def timed(name, run):
    run()
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    print(f"{name}: {statistics.median(times) * 1e3:.1f} ms")


import duckdb

database = duckdb.connect()
row = ROW.format(n="range", accounts=ACCOUNTS, step=STEP)
database.execute(f"CREATE TABLE messages AS SELECT {row} FROM range({TOTAL})")
group = GROUP.format(day="sent_at // 86400000000", year=YEAR)
timed(f"DuckDB {duckdb.__version__}", lambda: database.execute(group).fetchall())

import chdb
from chdb import session

clickhouse = session.Session()
row = ROW.format(n="number", accounts=ACCOUNTS, step=STEP).replace("(number // ", "intDiv(number, ").replace(
    f"intDiv(number, {ACCOUNTS})", f"intDiv(number, {ACCOUNTS})")
clickhouse.query("CREATE DATABASE bench")
clickhouse.query(
    "CREATE TABLE bench.messages ENGINE = MergeTree ORDER BY (account, sent_at) AS "
    f"SELECT {row} FROM numbers({TOTAL})")
group = GROUP.format(day="intDiv(sent_at, 86400000000)", year=YEAR).replace("FROM messages", "FROM bench.messages")
timed(f"ClickHouse (chdb {chdb.__version__})", lambda: clickhouse.query(group, "CSV"))
