SELECT 'the journal mode is ' || journal_mode || ', not wal: montimer db init'
FROM pragma_journal_mode WHERE journal_mode <> 'wal'
