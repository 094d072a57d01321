ALTER TABLE notice
    DROP CONSTRAINT ck_notice_kind_known,
    ADD CONSTRAINT ck_notice_kind_known CHECK (kind IN ('waits_for_you', 'changes_asked', 'rejected', 'paid', 'failed', 'contradicted', 'bank_file', 'fund_low', 'replenished', 'digest'));

ALTER TABLE notice_choice
    DROP CONSTRAINT ck_notice_choice_kind_known,
    ADD CONSTRAINT ck_notice_choice_kind_known CHECK (kind IN ('waits_for_you', 'changes_asked', 'rejected', 'paid', 'failed', 'contradicted', 'bank_file', 'fund_low', 'replenished', 'digest'));
