"""PynamoDB: its tutorial, from the first model to batches, conditions and indexes."""

import datetime
import uuid

import pytest
from pynamodb.attributes import JSONAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DeleteError, PutError, UpdateError
from pynamodb.models import Model

from harness.tables import unique_name


@pytest.fixture
def thread(server):
    """The tutorial's model, with the table that it makes."""

    class Thread(Model):
        class Meta:
            table_name = unique_name("Thread")
            host = server.endpoint
            region = "us-east-1"
            aws_access_key_id = "test"
            aws_secret_access_key = "test"
            max_retry_attempts = 0

        forum_name = UnicodeAttribute(hash_key=True)
        subject = UnicodeAttribute(range_key=True)
        views = NumberAttribute(default=0)
        replies = NumberAttribute(default=0)
        tags = UnicodeSetAttribute(null=True)
        last_post_datetime = UTCDateTimeAttribute(null=True)
        meta = MapAttribute(null=True)
        notes = ListAttribute(null=True)
        raw = JSONAttribute(null=True)

    Thread.create_table(read_capacity_units=1, write_capacity_units=1, wait=True)
    assert Thread.exists()
    yield Thread
    Thread.delete_table()
    assert not Thread.exists()


def test_save_get_update(thread):
    posted = datetime.datetime(2026, 11, 21, 12, 30, 0, 123456, tzinfo=datetime.timezone.utc)
    made = thread("forum", "subject", tags={"a", "b"}, last_post_datetime=posted, meta={"x": 1, "y": {"z": ["w"]}}, notes=[1, "two"], raw={"k": [None]})
    made.save()
    found = thread.get("forum", "subject", consistent_read=True)
    assert found.tags == {"a", "b"}
    assert found.last_post_datetime == posted
    assert found.meta.as_dict() == {"x": 1, "y": {"z": ["w"]}}
    assert found.notes == [1, "two"]
    assert found.raw == {"k": [None]}
    found.update(
        actions=[
            thread.replies.set(thread.replies + 2),
            thread.views.set(thread.views.__add__(5)),
            thread.tags.add({"c"}),
            thread.notes.set(thread.notes.append(["three"])),
            thread.meta["x"].remove(),
        ]
    )
    assert (found.replies, found.views, found.tags) == (2, 5, {"a", "b", "c"})
    assert found.notes == [1, "two", "three"]
    assert thread.get("forum", "subject").meta.as_dict() == {"y": {"z": ["w"]}}


def test_missing_items(thread):
    with pytest.raises(thread.DoesNotExist):
        thread.get("forum", "nothing")


def test_conditions(thread):
    made = thread("forum", "subject", views=1)
    made.save(condition=thread.forum_name.does_not_exist())
    with pytest.raises(PutError) as refused:
        thread("forum", "subject").save(condition=thread.forum_name.does_not_exist() & (thread.views == 0))
    assert refused.value.cause_response_code == "ConditionalCheckFailedException"
    with pytest.raises(UpdateError):
        made.update(actions=[thread.views.set(9)], condition=thread.views.between(2, 5) | thread.tags.contains("a"))
    with pytest.raises(DeleteError):
        made.delete(condition=~(thread.views == 1))
    made.delete(condition=thread.views.is_in(1, 2) & thread.subject.startswith("sub"))


def test_query_and_scan(thread):
    with thread.batch_write() as batch:
        for number in range(60):
            batch.save(thread("forum-1" if number % 2 else "forum-0", f"subject {number:02}", views=number))
    listed = thread.query("forum-0", thread.subject.startswith("subject 1"), filter_condition=thread.views > 12)
    assert [one.views for one in listed] == [14, 16, 18]
    newest = thread.query("forum-1", scan_index_forward=False, limit=3)
    assert [one.views for one in newest] == [59, 57, 55]
    assert newest.last_evaluated_key["subject"] == {"S": "subject 55"}
    pages = thread.query("forum-0", page_size=7)
    assert len(list(pages)) == 30
    assert thread.count("forum-0", thread.subject.between("subject 00", "subject 09")) == 5
    assert {one.views for one in thread.scan(thread.views >= 57, attributes_to_get=["views"])} == {57, 58, 59}
    assert len(list(thread.scan(segment=0, total_segments=2))) + len(list(thread.scan(segment=1, total_segments=2))) == 60


def test_batch_get(thread):
    keys = [("forum", str(uuid.uuid4())) for _ in range(120)]
    with thread.batch_write() as batch:
        for forum, subject in keys:
            batch.save(thread(forum, subject))
    found = {(one.forum_name, one.subject) for one in thread.batch_get([*keys, ("forum", "nothing")])}
    assert found == set(keys)
    with thread.batch_write() as batch:
        for forum, subject in keys:
            batch.delete(thread(forum, subject))
    assert thread.count("forum") == 0
