"""AWS CloudFormation: stacks from templates, each resource made by calls over the bus."""
