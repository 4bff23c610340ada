SELECT 'the database is damaged: run montimer db restore, or montimer db restore --empty where there is no backup: ' || integrity_check
FROM pragma_integrity_check WHERE integrity_check <> 'ok'
