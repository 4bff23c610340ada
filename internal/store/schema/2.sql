-- The commits that the checkout has been at, in that order, and those between
-- them. A page names them from here: it runs no git in the checkout.
CREATE TABLE montimer_commits (
    id INTEGER PRIMARY KEY,
    commit_id TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX montimer_commits_commit ON montimer_commits (commit_id);
