"""botocore's service models, compiled once into operation tables, decoders, validators and encoders."""
