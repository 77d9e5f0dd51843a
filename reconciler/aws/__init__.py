"""The only room that knows boto3: clients, Reader, Writer, call budget, errors.

A Reader can Describe, List and Get, and nothing whose answer holds a secret. A Writer sends a mutating call once.
"""
