"""What moto works out or copies anew each time, although nothing has changed: worked out once, or not copied."""

import copy
import gc
import json
from collections import defaultdict
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.loaders import create_loader
from moto import backends
from moto.cloudformation.models import Stack
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer, XFormedAttributePicker
from moto.core.utils import method_names_from_class
from moto.dynamodb import models as dynamodb
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.ec2.models import amis
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.utilities.utils import load_resource

from simulator.heads import read_quickly
from simulator.patching import Patches

Keys = tuple[str, ...]

INDEX_NAME = 6  # its place among the arguments of `Table.query` that follow the key of the partition

_one_loader = cache(create_loader)


def install(patches: Patches) -> None:
    """Without these a run takes about twice as long."""
    collect_less()
    read_less(patches)
    read_quickly(patches)
    modules = tuple(backends.list_of_moto_modules())
    patches.replace(backends, "list_of_moto_modules", lambda: modules)
    patches.replace(responses, "method_names_from_class", cache(method_names_from_class))
    patches.replace(XFormedAttributePicker, "get_possible_keys", _remembered(XFormedAttributePicker.get_possible_keys))
    patches.replace(TaggedEC2Resource, "get_tags", _tags)
    patches.replace(ExecutionWorker, "_get_evaluation_entrypoint", _program)
    patches.replace(dynamodb, "copy", SimpleNamespace(deepcopy=_itself_if_a_table))
    patches.replace(DynamoDBBackend, "transact_write_items", _with_a_small_copy(DynamoDBBackend.transact_write_items))
    patches.replace(Table, "query", _among_few(Table.query))
    patches.replace(BaseJSONSerializer, "_serialize_type_map", _attributes_as_they_are(BaseJSONSerializer))
    patches.replace(Stack, "parse_template", staticmethod(_json_first(Stack.parse_template)))


def collect_less() -> None:
    """Look for dead cycles more seldom: to go through all that moto holds took a fifth of the time."""
    gc.set_threshold(50_000, 20, 50)


def read_less(patches: Patches) -> None:
    """The models of AWS's services once, for all sessions; and no images made for ECS, more than a thousand."""
    patches.replace(botocore.session, "create_loader", _one_loader)
    patches.replace(amis, "load_resource", lambda path: [] if "/ecs/" in path else load_resource(path))


def _remembered(work_out: Any) -> Any:
    """Under which names an object may hold a member: its class says so, and the member's shape."""
    known: dict[tuple[type, Any, str], Keys] = {}

    def get_possible_keys(picker: XFormedAttributePicker, context: Any) -> Keys:
        about = (type(context.obj), context.shape, context.key)
        if about not in known:
            known[about] = tuple(work_out(picker, context))
        return known[about]

    return get_possible_keys


def _tags(resource: Any) -> list[dict[str, str]]:
    """Its own; moto looks for them among everybody's, for each thing that it describes."""
    own, kind = resource.id, EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "")
    tags = resource.ec2_backend.tags.get(own, {})
    return [{"resource_id": own, "key": key, "value": value, "resource_type": kind} for key, value in tags.items()]


def _program(worker: ExecutionWorker) -> EvalComponent:
    """Each execution's own program, from the one syntax tree of its definition."""
    definition = worker._evaluation_details.state_machine_details.definition
    program: EvalComponent = Preprocessor().visit(_syntax_tree(definition))
    return program


@cache
def _syntax_tree(definition: str) -> Any:
    return AmazonStateLanguageParser.parse(definition)[1]


def _itself_if_a_table(thing: Any) -> Any:
    return thing if isinstance(thing, Table) else copy.deepcopy(thing)


def _with_a_small_copy(write: Any) -> Any:
    """Put back what a failed transaction touched; moto copies the whole table for it, once for each of its items."""

    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        operations = [operation for item in transact_items for operation in item.values()]
        tables = [backend.tables[name] for name in {each.get("TableName") for each in operations} & {*backend.tables}]
        before = [_copied(table, operations) for table in tables]
        try:
            write(backend, transact_items)
        except Exception:
            for table, items in zip(tables, before, strict=True):
                table.items = items
            raise

    return transact_write_items


def _copied(table: Table, operations: list[dict[str, Any]]) -> Any:
    """The items of a table; those that share a partition with an item of the transaction are copies."""
    items = copy.copy(table.items)
    for operation in operations:
        key = (operation.get("Key") or operation.get("Item") or {}).get(table.hash_key_attr)
        if key and (partition := DynamoType(key)) in items:
            items[partition] = copy.deepcopy(table.items[partition])
    return items


def _among_few(query: Any) -> Any:
    """Ask the one partition that is meant; moto sorts the whole table first. Of an index, what is in it."""

    def query_few(table: Table, hash_key: DynamoType, *arguments: Any, **more: Any) -> Any:
        few, index_name = copy.copy(table), arguments[INDEX_NAME]
        if index_name:
            [key] = [index.schema[0]["AttributeName"] for index in table.all_indexes() if index.name == index_name]
            every = [(partition, [*items.items()]) for partition, items in [*table.items.items()]]
            found = {partition: {at: one for at, one in items if key in one.attrs} for partition, items in every}
        else:
            found = {hash_key: table.items.get(hash_key, {})}
        few.items = defaultdict(dict, found)
        return query(few, hash_key, *arguments, **more)

    return query_few


def _attributes_as_they_are(serializer: Any) -> Any:
    """The attributes of an item are on the wire what they are in store; moto looks each up in the service's model."""
    serialize_map = serializer._serialize_type_map

    def _serialize_type_map(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.value.name == "AttributeValue":
            self._default_serialize(serialized, {name: _attribute(one) for name, one in value.items()}, shape, key)
        else:
            serialize_map(self, serialized, value, shape, key)

    return _serialize_type_map


def _attribute(value: Any) -> dict[str, Any]:
    [(kind, inside)] = (value.to_json() if isinstance(value, DynamoType) else value).items()
    if kind == "M":
        return {kind: {name: _attribute(one) for name, one in inside.items()}}
    return {kind: [_attribute(one) for one in inside]} if kind == "L" else {kind: inside}


def _json_first(parse: Any) -> Any:
    """A template that is JSON, as our own are by the time they are deployed; moto tries YAML, in pure Python."""
    return lambda template: json.loads(template) if template.startswith("{") else parse(template)
