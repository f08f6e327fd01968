-- A store's database of version 3 as SqliteStore wrote it, dumped. Never changes: later versions must open it.
-- IAM's home, a role, a function that was created, became Active and was published, and one that was deleted; and a
-- package that a commit carried.
PRAGMA application_id = 1296388676;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE change_log (
        log      INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        epoch    INTEGER NOT NULL,
        caller   TEXT NOT NULL,
        time_us  INTEGER NOT NULL,  -- since 1970, UTC
        changes  TEXT NOT NULL,     -- JSON (store/change_codec.h)
        format   INTEGER NOT NULL,
        PRIMARY KEY (log, sequence)
    );
INSERT INTO "change_log" VALUES(1,1,1,'arn:aws:iam::123456789012:root',1700000004500003,'[{"account":"123456789012","id":"gone","kind":1,"value":{"format":1}}]',1);
INSERT INTO "change_log" VALUES(1,2,1,'arn:aws:iam::123456789012:root',1700000006000004,'[{"account":"123456789012","id":"hello","kind":1,"value":{"Description":"hällo ''quoted''","MemorySize":128,"format":1}}]',1);
INSERT INTO "change_log" VALUES(1,3,1,'arn:aws:iam::123456789012:root',1700000009000006,'[{"account":"123456789012","id":"hello","kind":1,"value":{"Description":"hällo ''quoted''","MemorySize":256,"format":1}},{"account":"123456789012","id":"hello:000000000001","kind":2,"value":{"Version":"1","format":1}}]',1);
INSERT INTO "change_log" VALUES(1,4,1,'arn:aws:iam::123456789012:root',1700000010500007,'[{"account":"123456789012","deleted":true,"epitaph":{"last_version":3},"id":"gone","kind":1}]',1);
INSERT INTO "change_log" VALUES(2,1,1,'arn:aws:iam::123456789012:root',1700000001500001,'[{"account":"123456789012","id":"home","kind":101,"value":{"format":1,"region":"us-east-1"}}]',1);
INSERT INTO "change_log" VALUES(2,2,1,'arn:aws:iam::123456789012:root',1700000003000002,'[{"account":"123456789012","id":"lambda-role","kind":100,"value":{"RoleName":"lambda-role","format":1}}]',1);
CREATE TABLE live_counts (
        account TEXT NOT NULL,
        kind    INTEGER NOT NULL,
        records INTEGER NOT NULL,
        PRIMARY KEY (account, kind)
    ) WITHOUT ROWID;
INSERT INTO "live_counts" VALUES('123456789012',1,1);
INSERT INTO "live_counts" VALUES('123456789012',2,1);
INSERT INTO "live_counts" VALUES('123456789012',100,1);
INSERT INTO "live_counts" VALUES('123456789012',101,1);
CREATE TABLE logs (
        log           INTEGER NOT NULL PRIMARY KEY,
        last_sequence INTEGER NOT NULL,
        epoch         INTEGER NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "logs" VALUES(1,4,1);
INSERT INTO "logs" VALUES(2,2,1);
CREATE TABLE packages (
        id         INTEGER PRIMARY KEY,
        sha256     TEXT NOT NULL,     -- of the zip, base64; each once
        carried_us INTEGER NOT NULL,  -- since 1970, UTC: when a commit carried it last
        format     INTEGER NOT NULL,
        zip        BLOB NOT NULL      -- last: what reads the others need not pass it
    );
INSERT INTO "packages" VALUES(1,'hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=',1700000009000006,1,X'504B0506000000000000000000000000000000000000');
CREATE TABLE records (
        account  TEXT NOT NULL,
        kind     INTEGER NOT NULL,
        id       TEXT NOT NULL,
        value    TEXT,              -- JSON; NULL: a tombstone
        epitaph  TEXT,              -- JSON; a tombstone's alone
        status   TEXT,              -- JSON; region-local, never logged
        sequence INTEGER NOT NULL,  -- of the commit that last wrote value or tombstone
        format   INTEGER NOT NULL,
        PRIMARY KEY (account, kind, id)
    );
INSERT INTO "records" VALUES('123456789012',1,'gone',NULL,'{"last_version":3}',NULL,4,1);
INSERT INTO "records" VALUES('123456789012',1,'hello','{"Description":"hällo ''quoted''","MemorySize":256,"format":1}',NULL,'{"State":"Active"}',3,1);
INSERT INTO "records" VALUES('123456789012',2,'hello:000000000001','{"Version":"1","format":1}',NULL,NULL,3,1);
INSERT INTO "records" VALUES('123456789012',100,'lambda-role','{"RoleName":"lambda-role","format":1}',NULL,NULL,2,1);
INSERT INTO "records" VALUES('123456789012',101,'home','{"format":1,"region":"us-east-1"}',NULL,NULL,1,1);
COMMIT;
