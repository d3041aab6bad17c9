"""The examples of the API page as they stand there, but for the import lines."""

# fmt: off
# ruff: noqa: E501, F841, I001 - the page is kept as it is

from odoo_batch_job import (
    AsyncClient as ZenooClient,
    BatchExecutionError,
    BatchExecutor,
    CreateOperation,
    ParallelBatchExecutor,
)


async def basic_batch_execution():
    """Demonstrate basic batch execution."""
    
    async with ZenooClient("localhost", port=8069) as client:
        await client.login("demo", "admin", "admin")
        
        executor = BatchExecutor(client, batch_size=50)
        
        # Add operations
        for i in range(100):
            executor.add_operation(CreateOperation(
                "res.partner",
                {"name": f"Partner {i}", "email": f"partner{i}@example.com"}
            ))
        
        # Execute batch
        results = await executor.execute()
        print(f"Created {len(results)} partners")

async def batch_with_progress():
    """Demonstrate batch execution with progress tracking."""
    
    def progress_callback(completed: int, total: int):
        print(f"Progress: {completed}/{total} ({completed/total*100:.1f}%)")
    
    async with ZenooClient("localhost", port=8069) as client:
        await client.login("demo", "admin", "admin")
        
        executor = BatchExecutor(client)
        
        # Add operations
        for i in range(200):
            executor.add_operation(CreateOperation(
                "product.product",
                {"name": f"Product {i}", "list_price": 10.0 + i}
            ))
        
        # Execute with progress
        results = await executor.execute_with_progress(progress_callback)
        print(f"Batch completed: {len(results)} products created")

async def batch_with_error_handling():
    """Demonstrate batch execution with error handling."""
    
    async with ZenooClient("localhost", port=8069) as client:
        await client.login("demo", "admin", "admin")
        
        executor = BatchExecutor(client)
        
        try:
            # Add operations (some may fail)
            executor.add_operation(CreateOperation("res.partner", {"name": "Valid Partner"}))
            executor.add_operation(CreateOperation("res.partner", {}))  # Missing required field
            executor.add_operation(CreateOperation("res.partner", {"name": "Another Valid Partner"}))
            
            results = await executor.execute()
            
        except BatchExecutionError as e:
            print(f"Batch execution failed: {e}")
            print(f"Successful operations: {e.successful_count}")
            print(f"Failed operations: {e.failed_count}")
            
            # Access partial results
            for result in e.partial_results:
                if result.success:
                    print(f"Success: {result.data}")
                else:
                    print(f"Error: {result.error}")

# Usage
async def parallel_batch_example():
    """Demonstrate parallel batch execution."""
    
    async with ZenooClient("localhost", port=8069) as client:
        await client.login("demo", "admin", "admin")
        
        parallel_executor = ParallelBatchExecutor(client, max_concurrent_batches=3)
        
        # Create operation groups
        partner_operations = [
            CreateOperation("res.partner", {"name": f"Partner {i}"})
            for i in range(50)
        ]
        
        product_operations = [
            CreateOperation("product.product", {"name": f"Product {i}"})
            for i in range(50)
        ]
        
        order_operations = [
            CreateOperation("sale.order", {"partner_id": 1})
            for i in range(30)
        ]
        
        # Execute in parallel
        results = await parallel_executor.execute_parallel_batches([
            partner_operations,
            product_operations,
            order_operations
        ])
        
        print(f"Partners created: {len(results[0])}")
        print(f"Products created: {len(results[1])}")
        print(f"Orders created: {len(results[2])}")
