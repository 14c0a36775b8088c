package test_test

administrators := "550e8400-e29b-41d4-a716-446655440000"

members := {"alice": {"since": "2024-01-15"}, "bob": {"since": "2024-03-02"}}

bucket := {"metadata": {"name": "Administrators"}, "members": members}

watched(_) := true

unwatched(_) := false

ask(_, "members") := members

test_unwatched_asks_for_the_members if {
	document := data.test with input as {"bucket_id": administrators}
		with nats.kv.watch_bucket as unwatched
		with nats.kv.get_data as ask
	document == {"bucket_watched": false, "x": members}
}

test_watched_reads_the_bucket if {
	document := data.test with input as {"bucket_id": administrators}
		with data.nats.kv as {administrators: bucket}
		with nats.kv.watch_bucket as watched
	document == {"bucket_watched": true, "x": bucket}
}

test_both_agree_on_the_members if {
	before := data.test.x with input as {"bucket_id": administrators}
		with nats.kv.watch_bucket as unwatched
		with nats.kv.get_data as ask
	after := data.test.x with input as {"bucket_id": administrators}
		with data.nats.kv as {administrators: bucket}
		with nats.kv.watch_bucket as watched
	before == after.members
}
