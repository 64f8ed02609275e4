"""The room of Asterisk: FastAGI before a call is dialled, AMI while it lives."""
