CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, oldest VARCHAR(32),
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE articles (
    id VARCHAR(400) NOT NULL,
    source VARCHAR(200) NOT NULL,
    path TEXT NOT NULL,
    stamp VARCHAR(60) NOT NULL,
    explicit_id TEXT NOT NULL,
    body_hash VARCHAR(64) NOT NULL,
    slug VARCHAR(200) NOT NULL,
    status VARCHAR(10) NOT NULL,
    published_at DATETIME NOT NULL,
    expires_at DATETIME,
    revision INTEGER NOT NULL,
    topics JSON NOT NULL,
    release INTEGER,
    released_at DATETIME,
    data JSON NOT NULL,
    CONSTRAINT pk_articles PRIMARY KEY (id),
    CONSTRAINT uq_articles_release UNIQUE (release),
    CONSTRAINT uq_articles_slug UNIQUE (slug)
);

CREATE INDEX ix_articles_source_path ON articles (source, path);

CREATE TABLE editions (
    id INTEGER NOT NULL,
    newsletter VARCHAR(63) NOT NULL,
    number INTEGER NOT NULL,
    cadence VARCHAR(10) NOT NULL,
    slot VARCHAR(40) NOT NULL,
    day VARCHAR(10) NOT NULL,
    state VARCHAR(10) NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    by_hand BOOLEAN NOT NULL,
    needs_approval BOOLEAN NOT NULL,
    approved_hash VARCHAR(64) DEFAULT '' NOT NULL,
    everybody BOOLEAN NOT NULL,
    intro TEXT DEFAULT '' NOT NULL,
    archive JSON NOT NULL,
    created_at DATETIME NOT NULL,
    opens_at DATETIME,
    opened_at DATETIME,
    closes_at DATETIME,
    done_at DATETIME, paused_at DATETIME, letterhead JSON, subject TEXT DEFAULT '' NOT NULL, preheader TEXT DEFAULT '' NOT NULL, arrangement JSON DEFAULT '{}' NOT NULL, edits INTEGER DEFAULT '0' NOT NULL, changing VARCHAR(10) DEFAULT '' NOT NULL, fingerprint VARCHAR(64) DEFAULT '' NOT NULL, findings JSON DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_editions PRIMARY KEY (id),
    CONSTRAINT uq_editions_newsletter_number UNIQUE (newsletter, number)
);

CREATE UNIQUE INDEX uq_editions_slot ON editions (newsletter, cadence, slot) WHERE state != 'cancelled';

CREATE TABLE keys (
    id INTEGER NOT NULL,
    secret BLOB NOT NULL,
    CONSTRAINT pk_keys PRIMARY KEY (id)
);

CREATE TABLE schedule (
    name VARCHAR(100) NOT NULL,
    slot VARCHAR(40) DEFAULT '' NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_schedule PRIMARY KEY (name)
);

CREATE TABLE subscribers (
    id INTEGER NOT NULL,
    address VARCHAR(320) NOT NULL,
    address_key VARCHAR(320) NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    attributes JSON NOT NULL,
    created_at DATETIME NOT NULL,
    CONSTRAINT pk_subscribers PRIMARY KEY (id),
    CONSTRAINT uq_subscribers_address_key UNIQUE (address_key)
);

CREATE TABLE suppressions (
    address_key VARCHAR(320) NOT NULL,
    reason VARCHAR(60) NOT NULL,
    created_at DATETIME NOT NULL,
    CONSTRAINT pk_suppressions PRIMARY KEY (address_key)
);

CREATE TABLE cuts (
    id INTEGER NOT NULL,
    newsletter VARCHAR(63) NOT NULL,
    cadence VARCHAR(10) NOT NULL,
    slot VARCHAR(40) NOT NULL,
    request JSON NOT NULL,
    edition_id INTEGER,
    at DATETIME NOT NULL,
    hi INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    finished_at DATETIME,
    CONSTRAINT pk_cuts PRIMARY KEY (id),
    CONSTRAINT fk_cuts_edition_id FOREIGN KEY(edition_id) REFERENCES editions (id)
);

CREATE TABLE pieces (
    id INTEGER NOT NULL,
    edition_id INTEGER NOT NULL,
    name VARCHAR(500) NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT pk_pieces PRIMARY KEY (id),
    CONSTRAINT fk_pieces_edition_id FOREIGN KEY(edition_id) REFERENCES editions (id),
    CONSTRAINT uq_pieces_edition_id_name UNIQUE (edition_id, name)
);

CREATE TABLE releases (
    release INTEGER NOT NULL,
    article_id VARCHAR(400) NOT NULL,
    revision INTEGER NOT NULL,
    released_at DATETIME NOT NULL,
    CONSTRAINT pk_releases PRIMARY KEY (release),
    CONSTRAINT fk_releases_article_id FOREIGN KEY(article_id) REFERENCES articles (id)
);

CREATE INDEX ix_releases_article_id ON releases (article_id);

CREATE INDEX ix_releases_released_at ON releases (released_at);

CREATE TABLE subscriptions (
    id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    newsletter VARCHAR(63) NOT NULL,
    status VARCHAR(12) NOT NULL,
    topics JSON,
    cadence VARCHAR(10) NOT NULL,
    weekday INTEGER NOT NULL,
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    zone VARCHAR(64) NOT NULL,
    language VARCHAR(35) NOT NULL,
    paused_until DATETIME,
    mark INTEGER NOT NULL,
    since INTEGER NOT NULL,
    next_due_at DATETIME,
    revision INTEGER DEFAULT '1' NOT NULL,
    created_at DATETIME NOT NULL,
    ended_at DATETIME,
    CONSTRAINT pk_subscriptions PRIMARY KEY (id),
    CONSTRAINT fk_subscriptions_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id),
    CONSTRAINT uq_subscriptions_subscriber_id_newsletter UNIQUE (subscriber_id, newsletter)
);

CREATE INDEX ix_subscriptions_newsletter_cadence_next_due_at ON subscriptions (newsletter, cadence, next_due_at);

CREATE TABLE variants (
    id INTEGER NOT NULL,
    edition_id INTEGER NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    language VARCHAR(35) NOT NULL,
    subject TEXT NOT NULL,
    preheader TEXT NOT NULL,
    pieces JSON NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL, compacted INTEGER DEFAULT '0' NOT NULL, edit INTEGER DEFAULT '0' NOT NULL, replaced_by INTEGER, recipients INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_variants PRIMARY KEY (id),
    CONSTRAINT fk_variants_edition_id FOREIGN KEY(edition_id) REFERENCES editions (id),
    CONSTRAINT uq_variants_edition_id_key UNIQUE (edition_id, "key")
);

CREATE TABLE deliveries (
    id INTEGER NOT NULL,
    edition_id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL,
    variant_id INTEGER NOT NULL,
    address VARCHAR(320) NOT NULL,
    fields JSON NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    due_at DATETIME NOT NULL,
    status VARCHAR(10) NOT NULL,
    attempt INTEGER DEFAULT '0' NOT NULL,
    generation INTEGER DEFAULT '1' NOT NULL,
    worker VARCHAR(60) DEFAULT '' NOT NULL,
    first_due_at DATETIME NOT NULL,
    dated_at DATETIME,
    started_at DATETIME,
    finished_at DATETIME,
    acknowledged_at DATETIME,
    code INTEGER DEFAULT '0' NOT NULL,
    reply TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_deliveries PRIMARY KEY (id),
    CONSTRAINT fk_deliveries_edition_id FOREIGN KEY(edition_id) REFERENCES editions (id),
    CONSTRAINT fk_deliveries_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id),
    CONSTRAINT fk_deliveries_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscriptions (id),
    CONSTRAINT fk_deliveries_variant_id FOREIGN KEY(variant_id) REFERENCES variants (id),
    CONSTRAINT uq_deliveries_edition_id_subscriber_id UNIQUE (edition_id, subscriber_id)
);

CREATE INDEX ix_deliveries_edition_id_status_due_at ON deliveries (edition_id, status, due_at);

CREATE TABLE variant_articles (
    variant_id INTEGER NOT NULL,
    article_id VARCHAR(400) NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    role VARCHAR(10) NOT NULL,
    CONSTRAINT pk_variant_articles PRIMARY KEY (variant_id, article_id),
    CONSTRAINT fk_variant_articles_article_id FOREIGN KEY(article_id) REFERENCES articles (id),
    CONSTRAINT fk_variant_articles_variant_id FOREIGN KEY(variant_id) REFERENCES variants (id)
);

CREATE INDEX ix_variant_articles_article_id ON variant_articles (article_id);

CREATE TABLE events (
    id INTEGER NOT NULL,
    delivery_id INTEGER NOT NULL,
    at DATETIME NOT NULL,
    old VARCHAR(10) NOT NULL,
    new VARCHAR(10) NOT NULL,
    attempt INTEGER NOT NULL,
    worker VARCHAR(60) DEFAULT '' NOT NULL,
    code INTEGER DEFAULT '0' NOT NULL,
    reply TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (id),
    CONSTRAINT fk_events_delivery_id FOREIGN KEY(delivery_id) REFERENCES deliveries (id)
);

CREATE INDEX ix_events_delivery_id ON events (delivery_id);

CREATE TABLE notices (
    id INTEGER NOT NULL,
    kind VARCHAR(20) NOT NULL,
    address VARCHAR(320) NOT NULL,
    sender VARCHAR(320) NOT NULL,
    subject TEXT NOT NULL,
    message BLOB NOT NULL,
    due_at DATETIME NOT NULL,
    status VARCHAR(10) NOT NULL,
    attempt INTEGER DEFAULT '0' NOT NULL,
    generation INTEGER DEFAULT '1' NOT NULL,
    worker VARCHAR(60) DEFAULT '' NOT NULL,
    first_due_at DATETIME NOT NULL,
    dated_at DATETIME,
    started_at DATETIME,
    finished_at DATETIME,
    acknowledged_at DATETIME,
    code INTEGER DEFAULT '0' NOT NULL,
    reply TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_notices PRIMARY KEY (id)
);

CREATE INDEX ix_notices_status_due_at ON notices (status, due_at);

CREATE TABLE pacing (
    name VARCHAR(300) NOT NULL,
    state JSON NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_pacing PRIMARY KEY (name)
);

CREATE TABLE workers (
    name VARCHAR(60) NOT NULL,
    host VARCHAR(255) NOT NULL,
    pid INTEGER NOT NULL,
    begun_at DATETIME NOT NULL,
    lease_until DATETIME NOT NULL, sends BOOLEAN DEFAULT 1 NOT NULL,
    CONSTRAINT pk_workers PRIMARY KEY (name)
);

CREATE TABLE notice_events (
    id INTEGER NOT NULL,
    notice_id INTEGER NOT NULL,
    at DATETIME NOT NULL,
    old VARCHAR(10) NOT NULL,
    new VARCHAR(10) NOT NULL,
    attempt INTEGER NOT NULL,
    worker VARCHAR(60) DEFAULT '' NOT NULL,
    code INTEGER DEFAULT '0' NOT NULL,
    reply TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_notice_events PRIMARY KEY (id),
    CONSTRAINT fk_notice_events_notice_id FOREIGN KEY(notice_id) REFERENCES notices (id)
);

CREATE INDEX ix_notice_events_notice_id ON notice_events (notice_id);

CREATE INDEX ix_subscriptions_newsletter_cadence_id ON subscriptions (newsletter, cadence, id);

CREATE INDEX ix_subscriptions_instant ON subscriptions (newsletter, mark) WHERE cadence = 'instant';

CREATE TABLE compacted (
    id INTEGER NOT NULL,
    edition_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_compacted PRIMARY KEY (id),
    CONSTRAINT fk_compacted_edition_id FOREIGN KEY(edition_id) REFERENCES editions (id)
);

CREATE INDEX ix_compacted_edition_id_bucket ON compacted (edition_id, bucket);

CREATE INDEX ix_deliveries_under_way ON deliveries (id) WHERE status = 'sending';

CREATE INDEX ix_notices_under_way ON notices (id) WHERE status = 'sending';

CREATE TABLE confirmations (
    id INTEGER NOT NULL,
    kind VARCHAR(20) NOT NULL,
    address VARCHAR(320) NOT NULL,
    address_key VARCHAR(320) NOT NULL,
    data JSON NOT NULL,
    network VARCHAR(64) DEFAULT '' NOT NULL,
    created_at DATETIME NOT NULL,
    queued_at DATETIME,
    used_at DATETIME,
    CONSTRAINT pk_confirmations PRIMARY KEY (id)
);

CREATE INDEX ix_confirmations_address_key ON confirmations (address_key);

CREATE INDEX ix_confirmations_created_at ON confirmations (created_at);

CREATE INDEX ix_confirmations_network_created_at ON confirmations (network, created_at);

CREATE INDEX ix_confirmations_unqueued ON confirmations (id) WHERE queued_at IS NULL;

CREATE TABLE consent_texts (
    version VARCHAR(64) NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT pk_consent_texts PRIMARY KEY (version)
);

CREATE TABLE consents (
    id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    newsletter VARCHAR(63) NOT NULL,
    what VARCHAR(20) NOT NULL,
    source VARCHAR(60) NOT NULL,
    version VARCHAR(64) DEFAULT '' NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_consents PRIMARY KEY (id)
);

CREATE INDEX ix_consents_subscriber_id ON consents (subscriber_id);

CREATE TABLE private_feeds (
    id INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    revoked_at DATETIME,
    CONSTRAINT pk_private_feeds PRIMARY KEY (id)
);

CREATE INDEX ix_private_feeds_subscription_id ON private_feeds (subscription_id);

CREATE TABLE reports (
    id INTEGER NOT NULL,
    digest VARCHAR(64) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    delivery_id INTEGER,
    notice_id INTEGER,
    address_key VARCHAR(320) NOT NULL,
    status VARCHAR(20) DEFAULT '' NOT NULL,
    text TEXT DEFAULT '' NOT NULL,
    source VARCHAR(20) NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_reports PRIMARY KEY (id),
    CONSTRAINT uq_reports_digest UNIQUE (digest)
);

CREATE INDEX ix_reports_address_key ON reports (address_key);

CREATE TABLE remote_feeds (
    url TEXT NOT NULL,
    state JSON NOT NULL,
    fetched_at DATETIME,
    next_at DATETIME,
    CONSTRAINT pk_remote_feeds PRIMARY KEY (url)
);

CREATE TABLE feed_polls (
    day VARCHAR(10) NOT NULL,
    path VARCHAR(400) NOT NULL,
    program VARCHAR(100) NOT NULL,
    polls INTEGER NOT NULL,
    subscribers INTEGER NOT NULL,
    CONSTRAINT pk_feed_polls PRIMARY KEY (day, path, program)
);

CREATE TABLE editors (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    address VARCHAR(320) NOT NULL,
    address_key VARCHAR(320) NOT NULL,
    role VARCHAR(12) NOT NULL,
    password TEXT DEFAULT '' NOT NULL,
    totp VARCHAR(64) DEFAULT '' NOT NULL,
    totp_step BIGINT DEFAULT '0' NOT NULL,
    created_at DATETIME NOT NULL,
    ended_at DATETIME, notices BOOLEAN DEFAULT 0 NOT NULL,
    CONSTRAINT pk_editors PRIMARY KEY (id),
    CONSTRAINT uq_editors_address_key UNIQUE (address_key)
);

CREATE TABLE credentials (
    id INTEGER NOT NULL,
    digest VARCHAR(64) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    editor_id INTEGER NOT NULL,
    name VARCHAR(200) DEFAULT '' NOT NULL,
    scopes JSON NOT NULL,
    created_at DATETIME NOT NULL,
    seen_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    ended_at DATETIME,
    CONSTRAINT pk_credentials PRIMARY KEY (id),
    CONSTRAINT fk_credentials_editor_id_editors FOREIGN KEY(editor_id) REFERENCES editors (id),
    CONSTRAINT uq_credentials_digest UNIQUE (digest)
);

CREATE INDEX ix_credentials_editor_id ON credentials (editor_id);

CREATE INDEX ix_credentials_expires_at ON credentials (expires_at);

CREATE TABLE sign_ins (
    id INTEGER NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_sign_ins PRIMARY KEY (id)
);

CREATE INDEX ix_sign_ins_at ON sign_ins (at);

CREATE INDEX ix_sign_ins_key_at ON sign_ins ("key", at);

CREATE TABLE deeds (
    id INTEGER NOT NULL,
    at DATETIME NOT NULL,
    editor_id INTEGER,
    actor VARCHAR(200) NOT NULL,
    verb VARCHAR(40) NOT NULL,
    object VARCHAR(200) NOT NULL,
    data JSON NOT NULL,
    CONSTRAINT pk_deeds PRIMARY KEY (id)
);

CREATE INDEX ix_deeds_at ON deeds (at);

CREATE INDEX ix_deeds_object_id ON deeds (object, id);

CREATE TABLE refusals (
    id INTEGER NOT NULL,
    path TEXT NOT NULL,
    line INTEGER NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    since DATETIME NOT NULL,
    CONSTRAINT pk_refusals PRIMARY KEY (id)
);

CREATE TABLE tallies (
    edition_id INTEGER NOT NULL,
    status VARCHAR(10) NOT NULL,
    shard INTEGER NOT NULL,
    deliveries BIGINT NOT NULL,
    CONSTRAINT pk_tallies PRIMARY KEY (edition_id, status, shard)
)
 WITHOUT ROWID;

CREATE TABLE movements (
    newsletter VARCHAR(63) NOT NULL,
    cadence VARCHAR(10) NOT NULL,
    status VARCHAR(12) NOT NULL,
    day VARCHAR(10) NOT NULL,
    shard INTEGER NOT NULL,
    subscriptions BIGINT NOT NULL,
    came BIGINT NOT NULL,
    went BIGINT NOT NULL,
    CONSTRAINT pk_movements PRIMARY KEY (newsletter, cadence, status, day, shard)
)
 WITHOUT ROWID;

CREATE TABLE figures (
    kind VARCHAR(20) NOT NULL,
    day VARCHAR(10) NOT NULL,
    name VARCHAR(200) NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT pk_figures PRIMARY KEY (kind, day, name)
)
 WITHOUT ROWID;

CREATE TABLE article_words (
    article_id VARCHAR(400) NOT NULL,
    published_at DATETIME NOT NULL,
    status VARCHAR(10) NOT NULL,
    source VARCHAR(200) NOT NULL,
    topics TEXT NOT NULL,
    words TEXT NOT NULL,
    CONSTRAINT pk_article_words PRIMARY KEY (article_id)
);

CREATE INDEX ix_article_words_published_at_article_id ON article_words (published_at, article_id);

CREATE INDEX ix_articles_published_at ON articles (published_at);

CREATE INDEX ix_subscribers_named ON subscribers (lower(name), id) WHERE name <> '';

CREATE INDEX ix_subscribers_domain ON subscribers (substr(address_key, instr(address_key, '@') + 1), id);

CREATE INDEX ix_subscriptions_paused ON subscriptions (newsletter, paused_until) WHERE paused_until IS NOT NULL;

CREATE TRIGGER tallies_inserted AFTER INSERT ON deliveries BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (NEW.edition_id, NEW.status, 0, 1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_deleted AFTER DELETE ON deliveries BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (OLD.edition_id, OLD.status, 0, -1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_updated AFTER UPDATE OF edition_id, status ON deliveries WHEN NOT (NEW.edition_id = OLD.edition_id AND NEW.status = OLD.status) BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (OLD.edition_id, OLD.status, 0, -1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (NEW.edition_id, NEW.status, 0, 1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_unseen_inserted AFTER INSERT ON deliveries WHEN (NEW.status = 'unknown' AND NEW.acknowledged_at IS NULL) BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (NEW.edition_id, 'unseen', 0, 1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_unseen_deleted AFTER DELETE ON deliveries WHEN (OLD.status = 'unknown' AND OLD.acknowledged_at IS NULL) BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (OLD.edition_id, 'unseen', 0, -1) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_unseen_updated AFTER UPDATE OF status, acknowledged_at ON deliveries WHEN (OLD.status = 'unknown' AND OLD.acknowledged_at IS NULL) <> (NEW.status = 'unknown' AND NEW.acknowledged_at IS NULL) BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (NEW.edition_id, 'unseen', 0, (NEW.status = 'unknown' AND NEW.acknowledged_at IS NULL) - (OLD.status = 'unknown' AND OLD.acknowledged_at IS NULL)) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_compacted AFTER INSERT ON compacted BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (NEW.edition_id, 'sent', 0, NEW.deliveries) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER tallies_uncompacted AFTER DELETE ON compacted BEGIN INSERT INTO tallies (edition_id, status, shard, deliveries) VALUES (OLD.edition_id, 'sent', 0, -OLD.deliveries) ON CONFLICT (edition_id, status, shard) DO UPDATE SET deliveries = tallies.deliveries + excluded.deliveries; END;

CREATE TRIGGER movements_inserted AFTER INSERT ON subscriptions BEGIN INSERT INTO movements (newsletter, cadence, status, day, shard, subscriptions, came, went) VALUES (NEW.newsletter, NEW.cadence, NEW.status, substr(NEW.created_at, 1, 10), 0, 1, 1, 0) ON CONFLICT (newsletter, cadence, status, day, shard) DO UPDATE SET subscriptions = movements.subscriptions + excluded.subscriptions, came = movements.came + excluded.came, went = movements.went + excluded.went; END;

CREATE TRIGGER movements_deleted AFTER DELETE ON subscriptions BEGIN INSERT INTO movements (newsletter, cadence, status, day, shard, subscriptions, came, went) VALUES (OLD.newsletter, OLD.cadence, OLD.status, date('now'), 0, -1, 0, 1) ON CONFLICT (newsletter, cadence, status, day, shard) DO UPDATE SET subscriptions = movements.subscriptions + excluded.subscriptions, came = movements.came + excluded.came, went = movements.went + excluded.went; END;

CREATE TRIGGER movements_updated AFTER UPDATE OF newsletter, cadence, status ON subscriptions WHEN NEW.newsletter <> OLD.newsletter OR NEW.cadence <> OLD.cadence OR (OLD.status <> NEW.status) BEGIN INSERT INTO movements (newsletter, cadence, status, day, shard, subscriptions, came, went) VALUES (OLD.newsletter, OLD.cadence, OLD.status, iif(NEW.status = 'unsubscribed', coalesce(substr(NEW.ended_at, 1, 10), date('now')), date('now')), 0, -1, 0, (OLD.status <> NEW.status)) ON CONFLICT (newsletter, cadence, status, day, shard) DO UPDATE SET subscriptions = movements.subscriptions + excluded.subscriptions, came = movements.came + excluded.came, went = movements.went + excluded.went; INSERT INTO movements (newsletter, cadence, status, day, shard, subscriptions, came, went) VALUES (NEW.newsletter, NEW.cadence, NEW.status, iif(NEW.status = 'unsubscribed', coalesce(substr(NEW.ended_at, 1, 10), date('now')), date('now')), 0, 1, (OLD.status <> NEW.status), 0) ON CONFLICT (newsletter, cadence, status, day, shard) DO UPDATE SET subscriptions = movements.subscriptions + excluded.subscriptions, came = movements.came + excluded.came, went = movements.went + excluded.went; END;

CREATE TRIGGER words_inserted AFTER INSERT ON articles BEGIN INSERT INTO article_words (article_id, published_at, status, source, topics, words) SELECT NEW.id, NEW.published_at, NEW.status, NEW.source, char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.topics)), '') || char(10), coalesce(json_extract(NEW.data, '$.title'), '') || char(10) || coalesce((SELECT group_concat(json_extract(value, '$.name'), char(10)) FROM json_each(NEW.data, '$.authors')), '') || char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.topics)), '') || char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.data, '$.labels')), '')  WHERE true ON CONFLICT (article_id) DO UPDATE SET published_at = excluded.published_at, status = excluded.status, source = excluded.source, topics = excluded.topics, words = excluded.words; END;

CREATE TRIGGER words_updated AFTER UPDATE OF published_at, status, source, topics, data ON articles BEGIN INSERT INTO article_words (article_id, published_at, status, source, topics, words) SELECT NEW.id, NEW.published_at, NEW.status, NEW.source, char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.topics)), '') || char(10), coalesce(json_extract(NEW.data, '$.title'), '') || char(10) || coalesce((SELECT group_concat(json_extract(value, '$.name'), char(10)) FROM json_each(NEW.data, '$.authors')), '') || char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.topics)), '') || char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(NEW.data, '$.labels')), '')  WHERE true ON CONFLICT (article_id) DO UPDATE SET published_at = excluded.published_at, status = excluded.status, source = excluded.source, topics = excluded.topics, words = excluded.words; END;

CREATE TRIGGER words_deleted AFTER DELETE ON articles BEGIN DELETE FROM article_words WHERE article_id = OLD.id; END;

CREATE TABLE contents (
    edition_id INTEGER NOT NULL,
    article_id VARCHAR(400) NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    dropped BOOLEAN NOT NULL,
    variants INTEGER NOT NULL,
    people INTEGER NOT NULL,
    CONSTRAINT pk_contents PRIMARY KEY (edition_id, article_id),
    CONSTRAINT fk_contents_article_id_articles FOREIGN KEY(article_id) REFERENCES articles (id),
    CONSTRAINT fk_contents_edition_id_editions FOREIGN KEY(edition_id) REFERENCES editions (id)
);

CREATE INDEX ix_contents_article_id ON contents (article_id);

CREATE TABLE imports (
    id INTEGER NOT NULL,
    state VARCHAR(10) NOT NULL,
    name VARCHAR(200) NOT NULL,
    size BIGINT NOT NULL,
    file VARCHAR(80) NOT NULL,
    host VARCHAR(255) NOT NULL,
    newsletter VARCHAR(63) DEFAULT '' NOT NULL,
    status VARCHAR(12) DEFAULT '' NOT NULL,
    preview JSON NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL,
    done INTEGER DEFAULT '0' NOT NULL,
    upto VARCHAR(320) DEFAULT '' NOT NULL,
    added INTEGER DEFAULT '0' NOT NULL,
    updated INTEGER DEFAULT '0' NOT NULL,
    unchanged INTEGER DEFAULT '0' NOT NULL,
    suppressed INTEGER DEFAULT '0' NOT NULL,
    refused INTEGER DEFAULT '0' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    editor_id INTEGER,
    actor VARCHAR(200) NOT NULL,
    created_at DATETIME NOT NULL,
    begun_at DATETIME,
    moved_at DATETIME,
    ended_at DATETIME,
    CONSTRAINT pk_imports PRIMARY KEY (id)
);

CREATE INDEX ix_imports_created_at ON imports (created_at);

CREATE INDEX ix_imports_open ON imports (id) WHERE state IN ('waiting', 'running');

CREATE TABLE import_refusals (
    import_id INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    place VARCHAR(200) NOT NULL,
    line INTEGER NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_import_refusals PRIMARY KEY (import_id, nth),
    CONSTRAINT fk_import_refusals_import_id_imports FOREIGN KEY(import_id) REFERENCES imports (id)
);

CREATE INDEX ix_subscriptions_newsletter_status_subscriber_id ON subscriptions (newsletter, status, subscriber_id);

CREATE TABLE troubles (
    name VARCHAR(100) NOT NULL,
    said TEXT NOT NULL,
    since DATETIME NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_troubles PRIMARY KEY (name)
);

CREATE TABLE api_requests (
    id INTEGER NOT NULL,
    token_id INTEGER NOT NULL,
    "key" VARCHAR(200) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    began_at DATETIME NOT NULL,
    status INTEGER DEFAULT '0' NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_api_requests PRIMARY KEY (id),
    CONSTRAINT uq_api_requests_token_id_key UNIQUE (token_id, "key")
);

CREATE INDEX ix_api_requests_began_at ON api_requests (began_at);

CREATE TABLE webhook_events (
    id INTEGER NOT NULL,
    number INTEGER,
    type VARCHAR(40) NOT NULL,
    object_id INTEGER NOT NULL,
    newsletter VARCHAR(63) DEFAULT '' NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_webhook_events PRIMARY KEY (id),
    CONSTRAINT uq_webhook_events_number UNIQUE (number)
);

CREATE INDEX ix_webhook_events_unnumbered ON webhook_events (id) WHERE number IS NULL;

CREATE TABLE webhook_endpoints (
    id INTEGER NOT NULL,
    url VARCHAR(2000) NOT NULL,
    told INTEGER DEFAULT '0' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    failing_since DATETIME,
    next_at DATETIME,
    disabled_at DATETIME,
    delivered_at DATETIME,
    said TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id),
    CONSTRAINT uq_webhook_endpoints_url UNIQUE (url)
);

CREATE TABLE article_texts (
    article_id VARCHAR(400) NOT NULL,
    html TEXT NOT NULL,
    CONSTRAINT pk_article_texts PRIMARY KEY (article_id),
    CONSTRAINT fk_article_texts_article_id FOREIGN KEY(article_id) REFERENCES articles (id)
)
