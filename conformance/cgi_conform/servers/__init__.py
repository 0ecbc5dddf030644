"""Finds, starts and ends servers, and the processes that they leave behind."""
