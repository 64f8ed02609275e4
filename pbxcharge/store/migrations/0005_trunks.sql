-- Who carries a call, and what that carrier asks for it.

ALTER TABLE call ADD COLUMN trunk TEXT CHECK (trunk <> '');
ALTER TABLE cdr ADD COLUMN trunk TEXT CHECK (trunk <> '');
ALTER TABLE cdr ADD COLUMN cost_micros INTEGER CHECK (cost_micros >= 0);
ALTER TABLE cdr ADD COLUMN deck TEXT CHECK (deck <> '');
ALTER TABLE cdr ADD COLUMN deck_version TEXT CHECK (deck_version <> '');
