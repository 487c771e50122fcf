drop function walcast.settle_identities;
