SELECT 'the database is damaged, restore a backup: ' || integrity_check
FROM pragma_integrity_check WHERE integrity_check <> 'ok'
