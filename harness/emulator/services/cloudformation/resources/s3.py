"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

from typing import NamedTuple

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.s3_shapes import (
    CORS,
    ENCRYPTION,
    LIFECYCLE,
    LOGGING,
    NOTIFICATION,
    WEBSITE,
)
from harness.emulator.services.cloudformation.resources.shape import STRING, TAGS, Scalar, Shape, Structure
from harness.emulator.services.cloudformation.resources.simple import simple
from harness.emulator.services.cloudformation.resources.tagging import own_tags
from harness.json_object import Json

_VERSIONING = Api("s3", "PutBucketVersioning", "VersioningConfiguration").properties["VersioningConfiguration"]
_OWNERSHIP = Api("s3", "PutBucketOwnershipControls", "OwnershipControls").properties["OwnershipControls"]
_PUBLIC_ACCESS = Api("s3", "PutPublicAccessBlock", "PublicAccessBlockConfiguration").properties[
    "PublicAccessBlockConfiguration"
]
_ACL = {
    "AuthenticatedRead": "authenticated-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "BucketOwnerRead": "bucket-owner-read",
    "LogDeliveryWrite": "log-delivery-write",
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
}


class _Setting(NamedTuple):
    """A part of a bucket with operations of its own: `put` takes the value as `member`; without the property, `remove`
    takes it away, or `put` is called with `unset`."""

    prop: str
    shape: Shape
    put: str
    member: str
    remove: str | None = None
    unset: Json | None = None


# In this order: the block on public policies and the owner's rule come last, as what they would forbid is set before.
_SETTINGS = (
    _Setting("BucketEncryption", ENCRYPTION, "PutBucketEncryption", "ServerSideEncryptionConfiguration",
             "DeleteBucketEncryption"),
    _Setting("VersioningConfiguration", _VERSIONING, "PutBucketVersioning", "VersioningConfiguration",
             unset={"Status": "Suspended"}),
    _Setting("LifecycleConfiguration", LIFECYCLE, "PutBucketLifecycleConfiguration", "LifecycleConfiguration",
             "DeleteBucketLifecycle"),
    _Setting("CorsConfiguration", CORS, "PutBucketCors", "CORSConfiguration", "DeleteBucketCors"),
    _Setting("LoggingConfiguration", LOGGING, "PutBucketLogging", "BucketLoggingStatus", unset={}),
    _Setting("WebsiteConfiguration", WEBSITE, "PutBucketWebsite", "WebsiteConfiguration", "DeleteBucketWebsite"),
    _Setting("NotificationConfiguration", NOTIFICATION, "PutBucketNotificationConfiguration",
             "NotificationConfiguration", unset={}),
    _Setting("OwnershipControls", _OWNERSHIP, "PutBucketOwnershipControls", "OwnershipControls",
             "DeleteBucketOwnershipControls"),
    _Setting("PublicAccessBlockConfiguration", _PUBLIC_ACCESS, "PutPublicAccessBlock",
             "PublicAccessBlockConfiguration", "DeletePublicAccessBlock"),
)  # fmt: skip


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("BucketName") or ctx.physical_name(63, lower=True)
    params: Json = {"Bucket": name}
    if ctx.region != "us-east-1":
        params["CreateBucketConfiguration"] = {"LocationConstraint": ctx.region}
    if "AccessControl" in props:
        params["ACL"] = _ACL[props["AccessControl"]]
    if "OwnershipControls" in props:
        params["ObjectOwnership"] = props["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
    await ctx.call("s3", "CreateBucket", params)
    attributes = {
        "Arn": f"arn:{ctx.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{ctx.url_suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{ctx.region}.{ctx.url_suffix}",
        "RegionalDomainName": f"{name}.s3.{ctx.region}.{ctx.url_suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{ctx.region}.{ctx.url_suffix}",
    }
    ctx.made(name, attributes)
    await _apply(ctx, name, {}, props)
    return Created(name, attributes)


async def _update(ctx: Context, bucket: Resource, props: Json) -> Json:
    if bucket.properties.get("AccessControl") != props.get("AccessControl"):
        acl = _ACL[props.get("AccessControl", "Private")]
        await ctx.call("s3", "PutBucketAcl", {"Bucket": bucket.physical_id, "ACL": acl})
    await _apply(ctx, bucket.physical_id, bucket.properties, props)
    return bucket.attributes


async def _apply(ctx: Context, name: str, old: Json, new: Json) -> None:
    for setting in _SETTINGS:
        value = new.get(setting.prop)
        if old.get(setting.prop) == value:
            continue
        if value is None and setting.remove is not None:
            await ctx.call("s3", setting.remove, {"Bucket": name})
        else:
            value = setting.unset if value is None else value
            await ctx.call("s3", setting.put, {"Bucket": name, setting.member: value})
    before, tags = own_tags(old), own_tags(new)
    if tags and (tags != before or not old):
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        await ctx.call("s3", "PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": tag_set}})
    elif before and not tags:
        await ctx.call("s3", "DeleteBucketTagging", {"Bucket": name})


async def _delete(ctx: Context, bucket: Resource) -> None:
    await ctx.call("s3", "DeleteBucket", {"Bucket": bucket.physical_id})


TYPES = (
    ResourceType(
        "AWS::S3::Bucket",
        Structure(
            {
                "AccessControl": Scalar("string", tuple(_ACL)),
                "BucketName": STRING,
                "Tags": TAGS,
                **{setting.prop: setting.shape for setting in _SETTINGS},
            }
        ),
        _create,
        _update,
        _delete,
        replaced_by=("BucketName",),
        attributes=("Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"),
        name_property="BucketName",
    ),
    simple(
        "AWS::S3::BucketPolicy",
        Api("s3", "PutBucketPolicy", "Bucket", PolicyDocument="Policy"),
        update="PutBucketPolicy",
        delete="DeleteBucketPolicy",
        key={"Bucket": "Bucket"},
        ref="{Bucket}",
        required=("Bucket", "PolicyDocument"),
        replaced_by=("Bucket",),
        shapes={"PolicyDocument": JsonText()},
    ),
)
