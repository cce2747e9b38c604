"""The four systems in small: made by boto3, with the shapes and names of terraform/ and the code of lambdas/."""
